"""Queries of DuckDB that a signal ends: they run in a thread of their own.

In the main thread DuckDB looks for signals between its tasks only, which can take long, and its
other threads continue afterwards.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from datetime import UTC
from itertools import chain
from typing import Any, TypeVar

from petrec.errors import EngineFailedError
from petrec.lake.csv_files import csv_error

T = TypeVar("T")
ZONED = "TIMESTAMP WITH TIME ZONE"
_AT_ONCE = 10_000
_UNCONNECTED = "Unable to connect to "
# An interrupt is lost if the query has not started yet.
_AGAIN_S = 0.1


def interruptible(connection: Any, work: Callable[[], T]) -> T:
    """Run a query of a connection; whatever this thread raises meanwhile ends the query, too."""
    with ThreadPoolExecutor(1, "petrec-duckdb") as pool:
        running = pool.submit(work)
        try:
            return running.result()
        finally:
            while not running.done():
                connection.interrupt()
                wait([running], _AGAIN_S)


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
    rows = chain.from_iterable(_blocks(cursor))
    return names, (_in_utc(row, zoned) for row in rows) if zoned else rows


def _in_utc(row: Sequence[Any], zoned: Sequence[int]) -> Sequence[Any]:
    values = list(row)
    for index in zoned:
        if values[index] is not None:
            values[index] = values[index].replace(tzinfo=UTC)
    return values


def _blocks(cursor: Any) -> Iterator[Sequence[Any]]:
    """Yield the rows of a result, many at once."""
    with translated("the files"):
        while rows := interruptible(cursor, lambda: cursor.fetchmany(_AT_ONCE)):
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
            told = whole.rpartition('": ')[2].splitlines()[0]
            raise EngineFailedError(f"DuckDB cannot connect to {what}: {told}") from None
        raise EngineFailedError(f"DuckDB cannot read {what}: {whole.splitlines()[0]}") from error
    except RuntimeError as error:
        # How DuckDB passes on a signal that comes while it works in the main thread.
        if isinstance(error.__cause__, KeyboardInterrupt):
            raise KeyboardInterrupt from None
        raise


def quoted_name(name: str) -> str:
    """Return a name as an identifier of DuckDB."""
    return '"' + name.replace('"', '""') + '"'
