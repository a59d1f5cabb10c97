"""Which columns of which tables are exported, and as what."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from sqlalchemy import (
    Column,
    ColumnElement,
    FromClause,
    Select,
    Table,
    Text,
    case,
    cast,
    literal,
    select,
)

from petrec.errors import SchemaMismatchError
from petrec.features.export_tables.result import ExportedColumns
from petrec.rules.legible import legible
from petrec.schema import PgType, Schema, base_type, is_moment
from petrec.settings import LOGICAL_COLUMNS

_NEEDED: Mapping[str, frozenset[str]] = {
    "recordings": frozenset({"id", "pet_id", "appointment_id", "visit_id", "created_at"}),
    "pets": frozenset({"id", "owner_id"}),
    "appointments": frozenset({"id", "pet_owner_id"}),
    "appointment_pets": frozenset({"appointment_id", "pet_id"}),
    "visits": frozenset({"id", "pet_id", "appointment_id"}),
    "users": frozenset(),
}
# The types of ids whose texts are equal where their values are.
_EXACT = ("uuid", "text", "character", "bpchar", "smallint", "integer", "bigint", "name")
_NATIVE = {
    "smallint": "SMALLINT",
    "integer": "INTEGER",
    "bigint": "BIGINT",
    "boolean": "BOOLEAN",
    "double precision": "DOUBLE",
    "date": "DATE",
}
_MOMENTS = {"with": "TIMESTAMPTZ", "without": "TIMESTAMP"}
# Other programs know no infinity and no year before the first.
_FIRST, _LAST = "0001-01-01 00:00:00+00", "9999-12-31 00:00:00+00"


class TableExport(NamedTuple):
    """A table to export: its columns, the query of its rows, and DuckDB's types by column."""

    name: str
    table: Table
    columns: list[Column[Any]]
    query: Select[Any]
    types: dict[str, str]


def tables_to_export(schema: Schema, which: ExportedColumns) -> Iterator[TableExport]:
    """Yield each table with exported columns; errors: SchemaMismatchError."""
    tables, rows = schema.tables, schema
    named = (
        ("recordings", tables.recordings, rows.recordings),
        ("pets", tables.pets, rows.pets),
        ("appointments", tables.appointments, rows.appointments),
        ("appointment_pets", tables.links, rows.links),
        ("visits", tables.visits, rows.visits),
        ("users", None if rows.users is None else _inner(rows.users), rows.users),
    )
    for name, table, source in named:
        if table is None or source is None:
            continue
        wanted = _NEEDED[name] if which is ExportedColumns.NEEDED else LOGICAL_COLUMNS[name]
        keyed = name == "recordings"
        columns = [c for c in table.c if c.key in wanted or (keyed and c.primary_key)]
        if columns:
            yield _export(schema, name, table, columns, source)


def _export(
    schema: Schema, name: str, table: Table, columns: list[Column[Any]], source: FromClause
) -> TableExport:
    for column in columns:
        if _is_id(column.key) and not base_type(column).startswith(_EXACT):
            raise SchemaMismatchError(
                f"{name}.{column.name} is {base_type(column)}, which files cannot hold exactly",
                hint="ids of integer, uuid and text types can be exported",
            )
    values = [_value(schema, source.c[column.key]).label(column.name) for column in columns]
    types = {column.name: _type(column) for column in columns}
    return TableExport(name, table, columns, select(*values).select_from(source), types)


def _inner(rows: FromClause) -> Table:
    """Return the table behind the rows that count."""
    return next(c.table for column in rows.c for c in column.base_columns
                if isinstance(c, Column) and isinstance(c.table, Table))  # fmt: skip


def _is_id(key: str) -> bool:
    return key == "id" or key.endswith("_id")


def _type(column: Column[Any]) -> str:
    base = base_type(column)
    if base.startswith("timestamp"):
        return _MOMENTS[base.split()[1]]
    return _NATIVE.get(base, "VARCHAR")


def _value(schema: Schema, column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return what is exported of a column: a moment within the years that all programs know."""
    base = base_type(column)
    if is_moment(column):
        first, last = (cast(literal(end, Text), PgType(base)) for end in (_FIRST, _LAST))
        return case((column < first, first), (column > last, last), else_=column)
    if base in _NATIVE:
        return column
    return cast(column, Text) if _is_id(column.key or "") else legible(schema, cast(column, Text))
