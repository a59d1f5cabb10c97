"""Where a row lies, and which version of it, by PostgreSQL's system columns."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Label, and_, literal_column
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from petrec.postgres.identifiers import quoted_table

PLACE = ("tableoid", "ctid")
# Any update moves a row. But where PostgreSQL looks a row up by its place, releases before 18.1,
# 17.7, 16.11, 15.15 and 14.20 do not compare the place again once they have followed an update;
# the transaction that wrote the row, they do.
VERSION = (*PLACE, "xmin")


def system_columns(table: FromClause, names: Sequence[str]) -> list[Label[Any]]:
    """Return system columns of a table or alias, labelled with their own names."""
    prefix = quoted_table(table)
    return [literal_column(f"{prefix}.{name}").label(name) for name in names]


def is_at(
    table: FromClause, row: ReadOnlyColumnCollection[str, Any], names: Sequence[str]
) -> ColumnElement[bool]:
    """Compare system columns with those that were read before."""
    return and_(*(own.element == row[own.name] for own in system_columns(table, names)))
