"""What the demo made, counted."""

from typing import Any

import psycopg


def counts(connection: psycopg.Connection[Any], query: str) -> dict[Any, int]:
    return dict(connection.execute(query).fetchall())


def number(connection: psycopg.Connection[Any], query: str) -> int:
    row = connection.execute(query).fetchone()
    assert row is not None
    return int(row[0])
