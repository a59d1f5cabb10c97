"""The tables of a lake as the rules need them: their columns, types and views."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlglot import exp

from petrec.errors import SchemaMismatchError
from petrec.lake.conditions import check_columns, written_condition
from petrec.lake.dialects import Transpiler
from petrec.lake.engine import FileFormat, TableFiles, View
from petrec.lake.manifest import ExportedTable
from petrec.schema import REFERENCES, TableShape
from petrec.settings import REQUIRED_COLUMNS
from petrec.settings import Mapping as Settings

_WHOLE = frozenset({"smallint", "integer", "bigint"})
_TEXTS = ("text", "character", "uuid", "bpchar", "name")
# Other types of columns are read as text.
_KEPT = {
    "boolean": "boolean",
    "double precision": "double precision",
    "date": "date",
    "timestamp with time zone": "timestamptz",
    "timestamp without time zone": "timestamp",
}
# How programs write NULL in a CSV file; none of them is an id.
_NOTHING = ("", "\\N", "NULL")
_LEFT_OUT = frozenset({"json", "jsonb"})


class LakeTable(NamedTuple):
    """A table in files: petrec's name and its own, and the types that the files have.

    `exported` is what the manifest says of it, if there is one.
    """

    name: str
    table: str
    files: TableFiles
    types: Mapping[str, str]
    exported: ExportedTable | None = None


@dataclass(frozen=True)
class LakeShapes:
    """All tables of a lake, checked against the mapping."""

    mapping: Settings
    tables: Mapping[str, LakeTable]

    def check(self) -> None:
        """Check columns and types; errors: SchemaMismatchError."""
        for table in self.tables.values():
            for column in sorted(REQUIRED_COLUMNS[table.name]):
                self._check_present(table, self.mapping.column(table.name, column))
            if table.exported:
                self._check_condition(table.name, table.exported.where)
            else:
                check_columns(self.mapping, table.name, set(table.types))
        for child, column, parent in REFERENCES:
            if child in self.tables and parent in self.tables:
                self._check_alike(self.tables[child], column, self.tables[parent])
        self._check_visits()

    def _check_condition(self, name: str, exported: str) -> None:
        """Refuse an export of other rows than those that the settings name."""
        wanted = self.mapping.where.get(name, "")
        if wanted != exported:
            raise SchemaMismatchError(
                f"the export has {_rows_where(name, exported)}, but [mapping.where] names "
                f"{_rows_where(name, wanted)}",
                hint="export the tables again, or set the condition of the export",
            )

    def _check_visits(self) -> None:
        """Refuse recordings of visits without the visits, which would change kinds in silence."""
        if "visits" in self.tables or "visits" in self.mapping.ignore:
            return
        if self.tables["recordings"].exported:
            # The database had no visits either.
            return
        column = self.mapping.column("recordings", "visit_id")
        if column in self.tables["recordings"].types:
            raise SchemaMismatchError(
                f"recordings have {column}, but there are no files of table "
                f"{self.mapping.table('visits')}",
                hint='add them; or ignore visits: [mapping] ignore = ["visits"]',
            )

    def _check_present(self, table: LakeTable, column: str) -> None:
        if column not in table.types:
            known = ", ".join(list(table.types)[:12])
            raise SchemaMismatchError(
                f"table {table.table} has no column {column} in {table.files.paths[0]}",
                hint=f"it has {known}; map the column under [mapping.columns.{table.name}]",
            )

    def _check_alike(self, child: LakeTable, logical: str, parent: LakeTable) -> None:
        column, key = self.mapping.column(child.name, logical), self._key(parent)
        if column not in child.types:
            return
        kinds = [_family(table, name) for table, name in ((child, column), (parent, key))]
        if kinds[0] != kinds[1]:
            raise SchemaMismatchError(
                f"{child.name}.{column} is {child.types[column]} "
                f"but {parent.name}.{key} is {parent.types[key]}",
                hint="write both as integers or both as text",
            )

    def _key(self, table: LakeTable) -> str:
        return self.mapping.column(table.name, "id")

    def shapes(self) -> dict[str, TableShape]:
        """Return the shapes for the schema, with the types of the database where they are known."""
        return {name: _shape(table) for name, table in self.tables.items()}

    def views(self, transpiler: Transpiler) -> Iterator[View]:
        """Yield what the engine registers: ids as integers or text, rows that count."""
        for table in self.tables.values():
            columns = {
                name: _read(table, name).sql(dialect=transpiler.dialect.name, identify=True)
                for name in _shape(table).columns
            }
            where = written_condition(self.mapping, table.name, transpiler)
            yield View(table.name, table.files, columns, "" if table.exported else where)


def _rows_where(name: str, condition: str) -> str:
    return f"{name} where {condition}" if condition else f"all {name}"


def _shape(table: LakeTable) -> TableShape:
    known = {c.name: c for c in table.exported.columns} if table.exported else {}
    types = {
        name: known[name].type if name in known else kind for name, kind in table.types.items()
    }
    # Views have uuids as text, which can be compared with text of other tables.
    types = {name: "text" if kind == "uuid" and not known else kind for name, kind in types.items()}
    bases = {name: column.base for name, column in known.items()}
    kept = {n: t for n, t in types.items() if bases.get(n, t) not in _LEFT_OUT}
    key = table.exported.primary_key if table.exported else ()
    return TableShape(kept, tuple(key), bases)


def _family(table: LakeTable, column: str) -> str:
    """Return how ids are compared; errors: SchemaMismatchError if the column holds no ids."""
    kind = table.types[column]
    if kind in _WHOLE:
        return "whole"
    if kind.startswith(_TEXTS):
        return "text"
    raise SchemaMismatchError(
        f"{table.name}.{column} is {kind} in {table.files.paths[0]}: it cannot identify a row",
        hint="write ids as integers or as text; a program that knows no empty integer makes them "
        "fractions",
    )


def _read(table: LakeTable, name: str) -> exp.Expression:
    column: Any = exp.column(name, quoted=True)
    if table.files.format is FileFormat.CSV:
        column = exp.func("TRIM", column)
        for nothing in _NOTHING:
            column = exp.func("NULLIF", column, exp.Literal.string(nothing))
    return read_as(column, table.types[name])


def read_as(column: exp.Expression, kind: str) -> exp.Expression:
    """Return how a column of a type, by PostgreSQL's name, is read: whole, a moment, or as text."""
    return exp.cast(column, "bigint" if kind in _WHOLE else _KEPT.get(kind, "text"))
