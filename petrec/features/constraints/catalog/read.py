"""The catalog at one moment, and how it is read."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from petrec.features.constraints.catalog import queries
from petrec.features.constraints.catalog.rows import (
    ColumnRow,
    ConstraintRow,
    IndexRow,
    Part,
    RoleRow,
    TableRow,
    UnlikeRow,
)
from petrec.features.constraints.catalog.unlike import read_unlike
from petrec.features.constraints.names import Names
from petrec.settings import Mapping


@dataclass(frozen=True)
class Catalog:
    """The schema's catalog; `all_` lists and `part_relations` include partitions elsewhere.

    `pinned` is why NOT NULL of the pet's column cannot be dropped; it is empty if it can.
    """

    mapping: Mapping
    version: int
    tables: dict[str, TableRow]
    columns: dict[tuple[str, str], ColumnRow]
    all_constraints: list[ConstraintRow]
    all_indexes: list[IndexRow]
    part_relations: frozenset[tuple[str, str]]
    parts: list[Part]
    role: RoleRow
    unlike: list[UnlikeRow]
    pinned: str

    @property
    def names(self) -> Names:
        """Return the physical names that statements need."""
        return Names(self.mapping)

    @property
    def constraints(self) -> list[ConstraintRow]:
        """Return the constraints of the mapped schema."""
        return [row for row in self.all_constraints if row.schema == self.mapping.schema]

    @property
    def indexes(self) -> list[IndexRow]:
        """Return the indexes of the mapped schema."""
        return [row for row in self.all_indexes if row.schema == self.mapping.schema]

    def has_relation(self, name: str) -> bool:
        """Return whether an object has this name in the mapped schema."""
        return (self.mapping.schema, name) in self.part_relations

    def table(self, logical: str) -> TableRow | None:
        """Return a table by its logical name."""
        return self.tables.get(self.mapping.table(logical))

    def column(self, table: str, logical: str) -> ColumnRow | None:
        """Return a column by logical names."""
        key = self.mapping.table(table), self.mapping.column(table, logical)
        return self.columns.get(key)

    def tree(self, table: str) -> list[Part]:
        """Return a partitioned table with its partitions, topmost first; empty if plain."""
        return [part for part in self.parts if part.root == table]


def read_catalog(connection: Connection, mapping: Mapping) -> Catalog:
    """Read everything that steps and states depend on."""
    values: dict[str, Any] = {"schema": mapping.schema}
    parts = [Part(*row) for row in connection.execute(queries.PARTS, values)]
    schemas = sorted({mapping.schema, *(part.schema for part in parts)})
    tables = [TableRow(*row) for row in connection.execute(queries.TABLES, values)]
    columns = [ColumnRow(*row) for row in connection.execute(queries.COLUMNS, values)]
    values["parts"] = [part.oid for part in parts]
    constraints = connection.execute(queries.CONSTRAINTS, values)
    readers = {logical: mapping.table(logical) for logical in ("recordings", "visits")}
    relations = connection.execute(queries.RELATIONS, {"schemas": schemas})
    return Catalog(
        mapping=mapping,
        version=int(str(connection.scalar(text("SHOW server_version_num")))) // 10_000,
        tables={row.name: row for row in tables},
        columns={(row.table, row.name): row for row in columns},
        all_constraints=[ConstraintRow(*row) for row in constraints],
        all_indexes=[IndexRow(*row) for row in connection.execute(queries.INDEXES, values)],
        part_relations=frozenset((row.schema, row.name) for row in relations),
        parts=parts,
        role=RoleRow(*connection.execute(queries.ROLE, {**values, **readers}).one()),
        unlike=read_unlike(connection, mapping),
        pinned=_pinned(connection, mapping),
    )


def _pinned(connection: Connection, mapping: Mapping) -> str:
    values = {
        "schema": mapping.schema,
        "table": mapping.table("recordings"),
        "column": mapping.column("recordings", "pet_id"),
    }
    return str(connection.scalar(queries.PIN, values) or "")
