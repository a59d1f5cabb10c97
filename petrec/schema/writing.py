"""Ids that are equal and written differently: of which types they are, and how to write them alike.

An id that names a row is written as that row writes it: see `as_parent_writes`. The type alone
decides where there is no such row.
"""

from typing import Any

from sqlalchemy import ColumnElement, Text, cast, func

from petrec.errors import SchemaMismatchError
from petrec.schema.columns import PgType, base_type
from petrec.schema.tables import Schema

# The columns of ids that rules compare.
COMPARED = frozenset({"id", "pet_id", "appointment_id", "visit_id", "owner_id", "pet_owner_id"})
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
    """Return an id as text as its row writes it; as it is where that is NULL: there is no row."""
    return func.coalesce(cast(parent, Text), cast(reference, Text))


def check_collations(schema: Schema, hint: str = "") -> None:
    """Check that ids are equal only if their bytes are, by which other engines compare them.

    Errors: SchemaMismatchError.
    """
    tables = schema.tables
    known = (tables.recordings, tables.pets, tables.appointments, tables.links, tables.visits)
    compared = [c for table in known if table is not None for c in table.c if c.key in COMPARED]
    for column in compared:
        if isinstance(column.type, PgType) and column.type.collation:
            raise SchemaMismatchError(
                f"{column.table.name}.{column.name} has the nondeterministic collation "
                f"{column.type.collation}: different texts are equal there, and other engines "
                "compare bytes",
                hint=hint,
            )


def _kind(column: ColumnElement[Any]) -> str:
    return base_type(column).rpartition(".")[2]
