"""The databases of one server that tests have; one that was only read serves the next test.

To copy a database takes longer than most of what tests do with it. Whatever writes to a database
has a transaction id of the server's, so nobody has written while the server has given out none.
"""

import itertools
import os
from collections import defaultdict
from typing import Any

from tests.plugins.sessions import Sessions

_END = "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity WHERE datname = %s"
_NEXT = "SELECT pg_snapshot_xmax(pg_current_snapshot())::text"
_numbers = itertools.count()


class Copies:
    """Makes copies of databases that do not change, and takes them back."""

    def __init__(self, sessions: Sessions, major: int) -> None:
        self._sessions = sessions
        self._owner = os.getpid()
        # Copying files costs a third of copying by the log.
        self._strategy = "STRATEGY file_copy" if major >= 15 else ""
        self._seen = ""
        self._unwritten: dict[str, str] = {}
        self._spare: dict[str, list[str]] = defaultdict(list)

    def make(self, template: str) -> str:
        """Return the name of a copy, which has no connections."""
        self._forget_written()
        if self._spare[template] and not self._is_forked():
            name = self._spare[template].pop()
        else:
            name = f"t{os.getpid()}_{next(_numbers)}"
            self._sessions.close(template)
            self._execute(f"CREATE DATABASE {name} TEMPLATE {template} {self._strategy}")
        self._unwritten[name] = template
        self._seen = self._next_id()
        return name

    def take_back(self, name: str) -> None:
        """End all connections; keep the copy if it is as it was made, or drop it."""
        self._sessions.close(name)
        self._execute(_END, name)
        self._forget_written()
        dropped = self._spare.pop(name, [])
        template = self._unwritten.pop(name, "")
        if template and not self._is_forked():
            self._spare[template].append(name)
        else:
            dropped.append(name)
        for each in dropped:
            self._execute(f"DROP DATABASE IF EXISTS {each} WITH (FORCE)")
        self._seen = self._next_id()

    def _is_forked(self) -> bool:
        """Return whether other processes have what this one would keep or take, as under mutmut."""
        return os.getpid() != self._owner

    def _forget_written(self) -> None:
        """Take every copy as written to, if any database was since the last look."""
        if self._next_id() != self._seen:
            self._unwritten.clear()

    def _next_id(self) -> str:
        [(found,)] = self._execute(_NEXT)
        return str(found)

    def _execute(self, query: str, *parameters: str) -> list[tuple[Any, ...]]:
        return self._sessions.execute("postgres", query, parameters or None)
