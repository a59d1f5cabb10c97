"""One snapshot for reads, with planner settings for full scans, and streams of rows."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from psycopg import Copy, Cursor
from psycopg.pq import TransactionStatus
from sqlalchemy import Connection, Engine, Select, Text, cast, func, select

from petrec.postgres.session_state import with_settings
from petrec.source import Rows

# Chosen by measurement (benchmarks/audit.py): hash tables that fit a core's cache are faster than
# those that fit memory, though they are written out in parts; free parallelism lets COPY use a
# worker, too. How many workers there are is the server's own setting.
_PLANNER = {
    "work_mem": "2MB",
    "parallel_setup_cost": "0",
    "parallel_tuple_cost": "0",
}


@contextmanager
def read_snapshot(engine: Engine) -> Iterator[Connection]:
    """Open the read-only transaction in which a command reads the database."""
    options: dict[str, Any] = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    options |= with_settings(_PLANNER)
    with engine.connect().execution_options(**options) as connection, connection.begin():
        yield connection


def export_snapshot(connection: Connection) -> tuple[str, str]:
    """Return the name by which other transactions can have the snapshot, and what it sees."""
    exported = select(func.pg_export_snapshot(), cast(func.pg_current_snapshot(), Text))
    name, sees = connection.execute(exported).one()
    return name, sees


@contextmanager
def stream_copy(connection: Connection, query: Select[Any], **values: Any) -> Iterator[Rows]:
    """Yield an iterator over the rows, in PostgreSQL's text format; `values` are its parameters.

    It is a context manager, because the connection is in use until the stream is read or closed.
    A reader that stops before the end cancels the statement, and with it the transaction.
    """
    with _copied(connection, query, "", **values) as copy:
        yield copy.rows()


@contextmanager
def stream_csv(connection: Connection, query: Select[Any]) -> Iterator[Iterator[bytes]]:
    """Yield an iterator over the rows as CSV, in which only NULL is not quoted.

    The server sends each row in a message of its own:
    https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-COPY
    """
    with _copied(connection, query, " (FORMAT csv, FORCE_QUOTE *)") as copy:
        yield (bytes(block) for block in copy)


@contextmanager
def _copied(
    connection: Connection, query: Select[Any], options: str, **values: Any
) -> Iterator[Copy]:
    compiled = query.compile(connection.engine, compile_kwargs={"render_postcompile": True})
    driver = connection.connection.driver_connection
    if driver is None:  # pragma: no cover - a checked-out connection always has its driver
        raise RuntimeError("the connection is closed")
    statement = f"COPY ({compiled}) TO STDOUT{options}"
    parameters = dict(compiled.params | values)
    if not parameters:
        # The compiler has doubled each percent sign, which psycopg undoes only beside parameters.
        statement = statement.replace("%%", "%")
    with (
        driver.cursor() as cursor,
        _ended(cursor),
        cursor.copy(statement, parameters) as copy,
    ):
        yield copy


@contextmanager
def _ended(cursor: Cursor[Any]) -> Iterator[None]:
    """Cancel a COPY that the block leaves open, so that the transaction can be rolled back.

    Psycopg leaves it open where a reader stops without an error, and where a signal comes before
    the first rows, which the server keeps until they fill its buffer.
    """
    try:
        yield
    finally:
        if cursor.connection.info.transaction_status == TransactionStatus.ACTIVE:
            Copy(cursor).finish(_StoppedReading())


class _StoppedReading(Exception):  # noqa: N818 - psycopg cancels only for an exception
    """The reason to cancel a COPY whose rows nobody reads."""
