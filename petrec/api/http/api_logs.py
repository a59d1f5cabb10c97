"""The writer of api_logs: beside the requests, on one connection of its own, with a bound.

A request only leaves its row here. A table that is locked, or a database that does not respond,
delays this writer and nothing else; rows that find no room are counted.
"""

import atexit
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import psycopg
import sqlalchemy.exc

from petrec.api.database import Begin, Database
from petrec.api.pooled import Connection
from petrec.errors import PetrecError

logger = logging.getLogger("petrec.api")

Values = Mapping[str, Any]
Insert = Callable[[Connection, Values], object]

# How many rows wait at most, and how many one transaction writes.
_MOST = 1_000
_BATCH = 100
# How long a statement waits, for a lock as well, in ms.
_LONGEST_MS = 2_000
_AT_EXIT_S = 2.0
# Other rows would fail in the same way.
_SHARED = (psycopg.OperationalError, sqlalchemy.exc.SQLAlchemyError, PetrecError)


class ApiLogs:
    """Writes rows in the order in which they came; its thread lives while there are any."""

    def __init__(self, database: Database, find_insert: Callable[[], Insert | None]) -> None:
        """Write with what `find_insert` returns in the thread: None where there is no table."""
        self.dropped = 0
        self.on_dropped: Callable[[int], None] | None = None
        self._database = database
        self._find_insert = find_insert
        self._rows: deque[Values] = deque()
        self._unsaid = 0
        self._is_writing = False
        self._changed = threading.Condition()

    def add(self, row: Values) -> None:
        """Leave a row to be written, unless too many wait; returns at once."""
        with self._changed:
            if len(self._rows) >= _MOST:
                self._drop(1)
                return
            self._rows.append(row)
            if not self._is_writing:
                self._is_writing = True
                threading.Thread(
                    target=self._write_all, name="petrec api_logs", daemon=True
                ).start()

    def settle(self, within_s: float) -> bool:
        """Wait until nothing is left to write, and return whether that is so."""
        end = time.monotonic() + within_s
        with self._changed:
            while self._is_writing and (left := end - time.monotonic()) > 0:
                self._changed.wait(left)
            return not self._is_writing

    def _write_all(self) -> None:
        # Python ends a process without waiting for a daemon's thread.
        atexit.register(self.settle, _AT_EXIT_S)
        while batch := self._next():
            try:
                self._write(batch)
            except Exception as error:  # noqa: BLE001 the thread must not die with rows left
                self._lose(len(batch), error)
        atexit.unregister(self.settle)

    def _next(self) -> list[Values]:
        """Return what to write now; nothing ends the thread, and the next row starts another."""
        with self._changed:
            batch = [self._rows.popleft() for _ in range(min(_BATCH, len(self._rows)))]
            if not batch:
                self._is_writing = False
                self._changed.notify_all()
            return batch

    def _write(self, batch: Sequence[Values]) -> None:
        insert = self._find_insert()
        if insert is None:
            return
        with self._database.apart() as begin:
            try:
                _write(begin, insert, batch)
            except _SHARED:
                raise
            except psycopg.Error:
                self._write_singly(begin, insert, batch)

    def _write_singly(self, begin: Begin, insert: Insert, batch: Sequence[Values]) -> None:
        """Write the rows one by one, so that one that is refused takes no other with it."""
        for number, row in enumerate(batch):
            try:
                _write_one(begin, insert, row)
            except _SHARED as error:
                self._lose(len(batch) - number, error)
                return
            except psycopg.Error as error:
                self._lose(1, error)

    def _lose(self, count: int, error: Exception) -> None:
        with self._changed:
            self._drop(count)
            lost, self._unsaid = self._unsaid, 0
        known = {"reason": type(error).__name__, "rows": lost, "rows_since_start": self.dropped}
        logger.warning("Could not write a refused request to api_logs", extra=known)

    def _drop(self, count: int) -> None:
        self.dropped += count
        self._unsaid += count
        if self.on_dropped is not None:
            self.on_dropped(count)


def _write(begin: Begin, insert: Insert, rows: Sequence[Values]) -> None:
    with begin(_LONGEST_MS) as connection:
        for row in rows:
            insert(connection, row)


def _write_one(begin: Begin, insert: Insert, row: Values) -> None:
    """Write a row, if need be without the request's id, for which a column may be too short."""
    try:
        _write(begin, insert, [row])
    except (psycopg.DataError, psycopg.IntegrityError):
        if row.get("request_id") is None:
            raise
        _write(begin, insert, [{**row, "request_id": None}])
