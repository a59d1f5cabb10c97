"""Columns that a database may lack."""

from typing import Any

from sqlalchemy import ColumnElement, Text, cast, null

from petrec.api.access import Columns


def or_null(c: Columns, name: str) -> ColumnElement[Any]:
    """Return the column, or NULL where there is none."""
    found: ColumnElement[Any] | None = c.get(name)
    return cast(null(), Text) if found is None else found
