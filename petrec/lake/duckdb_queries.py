"""Queries of DuckDB that a signal ends: they run in a thread of their own.

In the main thread DuckDB looks for signals between its tasks only, which can take long, and its
other threads continue afterwards. A task on long lists may take minutes: its thread is left behind.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, wait
from contextlib import contextmanager
from datetime import UTC
from itertools import chain
from threading import Thread, current_thread
from typing import Any, TypeVar

from petrec.errors import EngineFailedError
from petrec.lake.choice import LEFT_BEHIND
from petrec.lake.csv_files import csv_error

T = TypeVar("T")
ZONED = "TIMESTAMP WITH TIME ZONE"
_AT_ONCE = 10_000
_UNCONNECTED = "Unable to connect to "
# Rows with lists, which may be long: no other thread runs while DuckDB converts them.
_LISTS_AT_ONCE = 16
# An interrupt is lost if the query has not started yet.
_AGAIN_S = 0.1
_PATIENCE_S = 1.0
# Threads of queries that do not end, and what they use: it cannot be closed before they have.
_left: list[tuple[Thread, Any]] = []


def interruptible(connection: Any, work: Callable[[], T]) -> T:
    """Run a query of a connection; whatever this thread raises meanwhile ends the query, too."""
    running: Future[T] = Future()
    thread = Thread(target=_run, args=(running, work), name="petrec-duckdb", daemon=True)
    thread.start()
    try:
        return running.result()
    finally:
        if not running.done():
            _end(connection, running, thread)


def _end(connection: Any, running: "Future[T]", thread: Thread) -> None:
    """Interrupt a query; it counts as left behind meanwhile, since another signal may come."""
    name, thread.name = thread.name, LEFT_BEHIND
    _left.append((thread, connection))
    last = time.monotonic() + _PATIENCE_S
    while not running.done() and time.monotonic() < last:
        connection.interrupt()
        wait([running], _AGAIN_S)
    if running.done():
        thread.name = name
        _forget(thread)


def _run(running: "Future[T]", work: Callable[[], T]) -> None:
    try:
        running.set_result(work())
    except BaseException as error:  # noqa: BLE001 - raised where the result is asked for
        running.set_exception(error)
    finally:
        _forget(current_thread())


def _forget(thread: Thread) -> None:
    """Let go of what a thread used: DuckDB closes an object that nothing refers to."""
    _left[:] = [each for each in _left if each[0] is not thread]


@contextmanager
def closed_in_time(connection: Any) -> Iterator[Any]:
    """Close a connection at the end, unless that would wait for a query that does not end."""
    try:
        yield connection
    finally:
        if _left:
            # A connection would close its cursors, too.
            _left.append((_left[-1][0], connection))
        else:
            connection.close()


def answered(cursor: Any, sql: str, what: str) -> tuple[Sequence[str], Iterator[Any]]:
    """Return the names of the columns and an iterator over rows; errors: EngineFailedError.

    Older versions need another package to return a moment with its zone, so all are asked in UTC.
    """
    with translated(what):
        found = interruptible(cursor, lambda: cursor.execute(f"DESCRIBE {sql}").fetchall())
        names = [column[0] for column in found]
        zoned = [index for index, column in enumerate(found) if column[1] == ZONED]
        quoted = list(map(quoted_name, names))
        for index in zoned:
            quoted[index] = f"timezone('UTC', {quoted[index]}) AS {quoted[index]}"
        text = " ".join(("SELECT", ", ".join(quoted), "FROM (", sql, ")")) if zoned else sql
        interruptible(cursor, lambda: cursor.execute(text))
    has_lists = any(column[1].endswith("[]") for column in found)
    rows = chain.from_iterable(_blocks(cursor, _LISTS_AT_ONCE if has_lists else _AT_ONCE))
    return names, (_in_utc(row, zoned) for row in rows) if zoned else rows


def _in_utc(row: Sequence[Any], zoned: Sequence[int]) -> Sequence[Any]:
    values = list(row)
    for index in zoned:
        if values[index] is not None:
            values[index] = values[index].replace(tzinfo=UTC)
    return values


def _blocks(cursor: Any, size: int) -> Iterator[Sequence[Any]]:
    """Yield the rows of a result, so many at once."""
    with translated("the files"):
        while rows := interruptible(cursor, lambda: cursor.fetchmany(size)):
            yield rows


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Turn DuckDB's errors into petrec's own."""
    import duckdb  # noqa: PLC0415 - an optional package

    try:
        yield
    except duckdb.Error as error:
        whole = str(error)
        if (of_csv := csv_error(whole)) is not None:
            raise of_csv from None
        if _UNCONNECTED in whole:
            # It begins with the connection string, and so with the password.
            message = whole.rpartition('": ')[2].splitlines()[0]
            raise EngineFailedError(f"DuckDB cannot connect to {what}: {message}") from None
        raise EngineFailedError(f"DuckDB cannot read {what}: {whole.splitlines()[0]}") from error
    except RuntimeError as error:
        # How DuckDB passes on a signal that comes while it works in the main thread.
        if isinstance(error.__cause__, KeyboardInterrupt):
            raise KeyboardInterrupt from None
        raise


def quoted_name(name: str) -> str:
    """Return a name as an identifier of DuckDB."""
    return '"' + name.replace('"', '""') + '"'
