"""Sessions of one server that are kept, one a database: to open one costs ten times as much."""

import os
import re
import select
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import psycopg
from psycopg.pq import ExecStatus, TransactionStatus
from psycopg.sql import Composed

Query = str | Composed
# What a session begins with is then another.
_DEFAULTS = re.compile(r"\bALTER (DATABASE|ROLE|SYSTEM)\b")


class Sessions:
    """Runs statements, each of which finds its session as a new one is."""

    def __init__(self, dsn: Callable[[str], str]) -> None:
        self._dsn = dsn
        # By process, too: forks share none.
        self._kept: dict[tuple[int, str], psycopg.Connection[Any]] = {}

    def execute(self, database: str, query: Query, parameters: Any = None) -> list[tuple[Any, ...]]:
        """Run a statement; returns its rows, if it has any."""
        session, is_new = self._open(database)
        try:
            return _rows(session.execute(query, parameters))
        except psycopg.OperationalError:
            # It was ended a moment ago.
            if is_new or not session.closed:
                raise
            return self.execute(database, query, parameters)
        finally:
            self._keep(database, session, query)

    def close(self, database: str | None = None) -> None:
        """Close what this process keeps, or its session of a database."""
        for process, name in list(self._kept):
            if process == os.getpid() and database in {None, name}:
                self._kept.pop((process, name)).close()

    def _open(self, database: str) -> tuple[psycopg.Connection[Any], bool]:
        """Return a session that no other thread has, and whether it is new."""
        kept = self._kept.pop((os.getpid(), database), None)
        if kept is not None:
            # Of a session that does nothing the server has something to say only when it ends it.
            if not select.select([kept], [], [], 0)[0]:
                return kept, False
            kept.close()
        dsn = self._dsn(database)
        return psycopg.connect(dsn, autocommit=True, prepare_threshold=None), True

    def _keep(self, database: str, session: psycopg.Connection[Any], query: Query) -> None:
        """Make a session as a new one is and keep it, or close it."""
        text = query if isinstance(query, str) else query.as_string()
        is_idle = session.info.transaction_status == TransactionStatus.IDLE
        if is_idle and not _DEFAULTS.search(text):
            with suppress(psycopg.OperationalError):
                session.execute("DISCARD ALL")
                # Another thread's may be there already.
                if self._kept.setdefault((os.getpid(), database), session) is session:
                    return
        session.close()


def _rows(cursor: psycopg.Cursor[Any]) -> list[tuple[Any, ...]]:
    # A row of no columns has no description, but is there.
    result = cursor.pgresult
    gives_rows = result is not None and result.status == ExecStatus.TUPLES_OK
    return cursor.fetchall() if gives_rows else []
