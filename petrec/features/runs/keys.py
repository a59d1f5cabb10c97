"""A recording's primary key in the form of the journal."""

from typing import Any

from sqlalchemy import ColumnElement, Text, cast
from sqlalchemy.dialects.postgresql import ARRAY, array
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from petrec.schema import Schema


def key_of(schema: Schema, recording: ReadOnlyColumnCollection[str, Any]) -> ColumnElement[Any]:
    """Return a recording's primary key as the journal's text array."""
    return cast(array([cast(recording[name], Text) for name in schema.key]), ARRAY(Text))
