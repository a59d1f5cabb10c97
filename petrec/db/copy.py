"""COPY ... TO STDOUT of a Core query: rows stream, memory stays constant."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Select


def stream_copy(connection: Connection, query: Select[Any]) -> Iterator[tuple[str | None, ...]]:
    """Yield the rows as PostgreSQL writes them in text form."""
    compiled = query.compile(connection.engine, compile_kwargs={"render_postcompile": True})
    driver = connection.connection.driver_connection
    if driver is None:  # pragma: no cover - a checked-out connection always has its driver
        raise RuntimeError("the connection is closed")
    statement = f"COPY ({compiled}) TO STDOUT"
    with driver.cursor() as cursor, cursor.copy(statement, dict(compiled.params)) as copy:
        yield from copy.rows()
