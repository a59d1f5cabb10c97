"""COPY ... TO STDOUT of a Core query: rows stream, memory stays constant."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Select

Rows = Iterator[tuple[str | None, ...]]


@contextmanager
def stream_copy(connection: Connection, query: Select[Any]) -> Iterator[Rows]:
    """Give an iterator over the rows, as PostgreSQL writes them in text form.

    A context, since the connection is of no other use before the stream is read or given up.
    """
    compiled = query.compile(connection.engine, compile_kwargs={"render_postcompile": True})
    driver = connection.connection.driver_connection
    if driver is None:  # pragma: no cover - a checked-out connection always has its driver
        raise RuntimeError("the connection is closed")
    statement = f"COPY ({compiled}) TO STDOUT"
    with driver.cursor() as cursor, cursor.copy(statement, dict(compiled.params)) as copy:
        yield copy.rows()
