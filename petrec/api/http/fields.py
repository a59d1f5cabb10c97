"""Columns as queries need them: some are missing, some hold times without a zone."""

from typing import Any

from sqlalchemy import ColumnElement, Text, bindparam, cast, func, null, or_, tuple_

from petrec.api.access import Columns
from petrec.api.http.cursor import After

_NAIVE = "timestamp without time zone"


def or_null(c: Columns, name: str) -> ColumnElement[Any]:
    """Return the column, or NULL where there is none."""
    found: ColumnElement[Any] | None = c.get(name)
    return cast(null(), Text) if found is None else found


def as_column(column: ColumnElement[Any], name: str) -> ColumnElement[Any]:
    """Return what is bound to a name, as the column's type; columns without a zone are in UTC."""
    return cast(_in_zone(column, name), column.type)


def comes_after(
    at: ColumnElement[Any], key: ColumnElement[Any], after: After
) -> ColumnElement[bool]:
    """Say that a row follows `after_at`, `after_id`, latest first; those without a time lead."""
    if after is After.UNTIMED:
        return or_(at.is_not(None), key < bindparam("after_id"))
    return tuple_(at, key) < tuple_(cast(bindparam("after_at"), at.type), bindparam("after_id"))


def _in_zone(column: ColumnElement[Any], name: str) -> ColumnElement[Any]:
    """A cast would go by the session's time zone."""
    value: ColumnElement[Any] = bindparam(name)
    return func.timezone("UTC", value) if str(column.type) == _NAIVE else value
