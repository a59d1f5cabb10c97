"""Ids that are equal and written differently: of which types they are, and how to write them alike.

An id that names a row is written as that row writes it: see `as_parent_writes`. The type alone
decides where there is no such row.
"""

from typing import Any

from sqlalchemy import ColumnElement, Text, cast, func

from petrec.schema.columns import PgType, base_type

_CASELESS, _SCALED = "citext", "numeric"


def is_written_once(column: ColumnElement[Any]) -> bool:
    """Return whether values of a column that are equal have the same text."""
    collation = column.type.collation if isinstance(column.type, PgType) else ""
    return _kind(column) not in {_CASELESS, _SCALED} and not collation


def one_writing(column: ColumnElement[Any]) -> ColumnElement[str]:
    """Return a column's text, the same for values that its type holds equal.

    Nondeterministic collations are the exception: PostgreSQL has no text for their equality.
    """
    if _kind(column) == _CASELESS:
        # citext folds by the default collation, whatever that of the column is.
        return func.lower(cast(column, Text).collate("default"))
    if _kind(column) == _SCALED:
        return cast(func.trim_scale(column), Text)
    return cast(column, Text)


def as_parent_writes(
    parent: ColumnElement[Any], reference: ColumnElement[Any]
) -> ColumnElement[str]:
    """Return an id as text as its row writes it, outer joined; as it is where there is no row."""
    return func.coalesce(cast(parent, Text), cast(reference, Text))


def _kind(column: ColumnElement[Any]) -> str:
    return base_type(column).rpartition(".")[2]
