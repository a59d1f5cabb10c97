"""Begin and end transactions by libpq's own call: these statements have no values and no rows.

A cursor costs twice as much and, among busy threads, acquires the interpreter's lock more often.
Where the host's connections have cursors of their own, for tracing, these begin the transaction.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import psycopg
from psycopg.errors import error_from_result
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGresult

from petrec.postgres.session_state import transaction_statements

Connection = psycopg.Connection[Any]

# Planning a list takes longer than reading it, and an index bounds it for every value: one plan.
_PLANNED_ONCE = "SET LOCAL plan_cache_mode = force_generic_plan"
_DONE = (ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK)


@lru_cache(maxsize=32)
def beginning(path: Sequence[str], limit_ms: int, *, writes: bool) -> str:
    """Return what begins a transaction and sets its state, in one round trip."""
    state = transaction_statements(path, limit_ms, writes=writes)
    if writes:
        return f"BEGIN ISOLATION LEVEL READ COMMITTED NOT DEFERRABLE; {state}"
    return f"BEGIN ISOLATION LEVEL REPEATABLE READ NOT DEFERRABLE; {_PLANNED_ONCE}; {state}"


@contextmanager
def without_own_transactions(connection: Connection) -> Iterator[None]:
    """Let the driver begin no transaction of its own, with characteristics of the host's."""
    hosts = connection.autocommit
    if hosts or not is_watched(connection):
        # `_send` does not pass through the driver's code that would begin one.
        yield
        return
    connection.autocommit = True
    try:
        yield
    finally:
        if not connection.closed:
            connection.autocommit = hosts


def begin(connection: Connection, statements: str) -> None:
    """Begin a transaction; errors: the driver's."""
    if is_watched(connection):
        connection.execute(statements, prepare=False)
    else:
        _send(connection, statements)


def commit(connection: Connection) -> None:
    """Commit what `begin` has started; errors: the driver's."""
    if is_watched(connection):
        connection.commit()
    else:
        _send(connection, "COMMIT")


def is_watched(connection: Connection) -> bool:
    """Return whether the host's connections make cursors of their own, or are wrapped."""
    makes: object = getattr(type(connection), "cursor", None)
    return connection.cursor_factory is not psycopg.Cursor or makes is not psycopg.Connection.cursor


def _send(connection: Connection, statements: str) -> None:
    # The statements set the encoding, but are themselves read in the encoding of before.
    encoding = "utf-8" if statements.isascii() else connection.info.encoding
    checked(connection, connection.pgconn.exec_(statements.encode(encoding)))


def checked(connection: Connection, result: PGresult) -> PGresult:
    """Return the result of a call of libpq's; errors: the driver's."""
    if result.status in _DONE:
        return result
    if connection.closed:
        raise psycopg.OperationalError(connection.pgconn.get_error_message())
    raise error_from_result(result, connection.info.encoding)
