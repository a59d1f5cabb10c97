"""The databases of one server that tests have; one that was only read serves the next test.

To copy a database takes longer than most of what tests do with it. Whatever writes to a database
has a transaction id of the server's, so nobody has written while the server has given out none.
"""

import itertools
import os
from collections import defaultdict
from typing import Any

import psycopg

_END = "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity WHERE datname = %s"
_NEXT = "SELECT pg_snapshot_xmax(pg_current_snapshot())::text"
_numbers = itertools.count()


class Copies:
    """Makes copies of databases that do not change, and takes them back."""

    def __init__(self, dsn: str, major: int) -> None:
        self._dsn = dsn
        self._owner = os.getpid()
        # Copying files costs a third of copying by the log.
        self._strategy = "STRATEGY file_copy" if major >= 15 else ""
        # To open one costs half of what a test pays for a copy. One a process: forks share none.
        self._admins: dict[int, psycopg.Connection[Any]] = {}
        self._seen = ""
        self._unwritten: dict[str, str] = {}
        self._spare: dict[str, list[str]] = defaultdict(list)

    def make(self, template: str) -> str:
        """Return the name of a copy, which has no connections."""
        admin = self._admin()
        self._forget_written(admin)
        if self._spare[template] and not self._is_forked():
            name = self._spare[template].pop()
        else:
            name = f"t{os.getpid()}_{next(_numbers)}"
            admin.execute(f"CREATE DATABASE {name} TEMPLATE {template} {self._strategy}")
        self._unwritten[name] = template
        self._seen = _next_id(admin)
        return name

    def take_back(self, name: str) -> None:
        """End all connections; keep the copy if it is as it was made, or drop it."""
        admin = self._admin()
        admin.execute(_END, (name,))
        self._forget_written(admin)
        dropped = self._spare.pop(name, [])
        template = self._unwritten.pop(name, "")
        if template and not self._is_forked():
            self._spare[template].append(name)
        else:
            dropped.append(name)
        for each in dropped:
            admin.execute(f"DROP DATABASE IF EXISTS {each} WITH (FORCE)")
        self._seen = _next_id(admin)

    def close(self) -> None:
        """End this process's connection, before the server ends."""
        if kept := self._admins.pop(os.getpid(), None):
            kept.close()

    def _admin(self) -> psycopg.Connection[Any]:
        """Return a connection that is kept, or a new one if its server was started again."""
        kept = self._admins.get(os.getpid())
        if kept is None or not _answers(kept):
            self.close()
            kept = self._admins[os.getpid()] = psycopg.connect(self._dsn, autocommit=True)
        return kept

    def _is_forked(self) -> bool:
        """Return whether other processes have what this one would keep or take, as under mutmut."""
        return os.getpid() != self._owner

    def _forget_written(self, admin: psycopg.Connection[Any]) -> None:
        """Take every copy as written to, if any database was since the last look."""
        if _next_id(admin) != self._seen:
            self._unwritten.clear()


def _answers(kept: psycopg.Connection[Any]) -> bool:
    try:
        kept.execute("SELECT")
    except psycopg.OperationalError:
        return False
    return True


def _next_id(admin: psycopg.Connection[Any]) -> str:
    [(found,)] = admin.execute(_NEXT)
    return str(found)
