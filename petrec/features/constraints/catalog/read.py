"""The catalog at one moment, and how it is read: whole, or of one partition."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection

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
from petrec.features.constraints.names import Name, Names, part_index
from petrec.features.constraints.specs import GROUPS, ObjectKind, Spec, specs
from petrec.postgres.citus import Shell, read_shells
from petrec.schema import Placement, Spread
from petrec.settings import LOGICAL_COLUMNS, Mapping


class _OfTable(Protocol):
    @property
    def table_oid(self) -> int: ...


Row = TypeVar("Row", bound=_OfTable)
_NOBODY = RoleRow("", standby=False, creates=False, readers=[], superusers=[])


@dataclass(frozen=True)
class Catalog:
    """The catalog of the mapped tables and their partitions, wherever these are.

    `relations` are those with a name that petrec gives or maps, by schema and name. `pinned` is
    why NOT NULL of the pet's column cannot be dropped; it is empty if it can. Of one partition
    `role`, `unlike` and `pinned` are not read.
    """

    mapping: Mapping
    version: int
    tables: dict[str, TableRow]
    columns: dict[tuple[str, str], ColumnRow]
    all_constraints: list[ConstraintRow]
    all_indexes: list[IndexRow]
    relations: frozenset[tuple[str, str]]
    parts: list[Part]
    role: RoleRow = _NOBODY
    unlike: list[UnlikeRow] = field(default_factory=list)
    pinned: str = ""

    @property
    def names(self) -> Names:
        """Return the physical names that statements need."""
        return Names(self.mapping)

    @cached_property
    def constraints(self) -> list[ConstraintRow]:
        """Return the constraints of the mapped schema."""
        return [row for row in self.all_constraints if row.schema == self.mapping.schema]

    @cached_property
    def indexes(self) -> list[IndexRow]:
        """Return the indexes of the mapped schema."""
        return [row for row in self.all_indexes if row.schema == self.mapping.schema]

    def constraints_of(self, oid: int) -> list[ConstraintRow]:
        """Return the constraints of a table."""
        return self._constraints.get(oid, [])

    def indexes_of(self, oid: int) -> list[IndexRow]:
        """Return the indexes of a table."""
        return self._indexes.get(oid, [])

    def index(self, oid: int | None) -> IndexRow | None:
        """Return an index by its OID."""
        return self._index_by_oid.get(oid) if oid is not None else None

    @cached_property
    def _index_by_oid(self) -> dict[int, IndexRow]:
        return {row.oid: row for row in self.all_indexes}

    @cached_property
    def _constraints(self) -> dict[int, list[ConstraintRow]]:
        return _by_table(self.all_constraints)

    @cached_property
    def _indexes(self) -> dict[int, list[IndexRow]]:
        return _by_table(self.all_indexes)

    def has_relation(self, name: str) -> bool:
        """Return whether an object has this name in the mapped schema."""
        return (self.mapping.schema, name) in self.relations

    def table(self, logical: str) -> TableRow | None:
        """Return a table by its logical name."""
        return self.tables.get(self.mapping.table(logical))

    def placement(self, logical: str) -> Placement:
        """Return which nodes have a table's rows, or will have them; see `Placement`."""
        found = self.table(logical) or self.table("recordings")
        if found is None:
            return Placement()
        # What is created in a tenant's schema is the tenant's; elsewhere it is local.
        is_here = self.table(logical) is None and found.placement.spread is not Spread.TENANT
        return Placement() if is_here else found.placement

    def column(self, table: str, logical: str) -> ColumnRow | None:
        """Return a column by logical names."""
        key = self.mapping.table(table), self.mapping.column(table, logical)
        return self.columns.get(key)

    def tree(self, table: str) -> list[Part]:
        """Return a partitioned table with its partitions, topmost first; empty if plain."""
        return [part for part in self.parts if part.root == table]


def read_catalog(connection: Connection, mapping: Mapping) -> Catalog:
    """Read everything that steps and states depend on."""
    asked = _asked(mapping)
    catalog = _read(connection, mapping, connection.execute(queries.PARTS, asked))
    readers = {logical: mapping.table(logical) for logical in ("recordings", "visits")}
    return replace(
        catalog,
        role=RoleRow(*connection.execute(queries.ROLE, {**asked, **readers}).one()),
        unlike=read_unlike(connection, mapping),
        pinned=_pinned(connection, mapping),
    )


def read_branch(connection: Connection, mapping: Mapping, partition: Name) -> Catalog | None:
    """Read what the steps of one partition depend on: it, and the tables above it.

    None where it is no partition, or the topmost table.
    """
    asked = {**_asked(mapping), "partition": str(partition)}
    parts = connection.execute(queries.BRANCH, asked).all()
    return _read(connection, mapping, parts) if len(parts) > 1 else None


def _read(connection: Connection, mapping: Mapping, found: Iterable[Any]) -> Catalog:
    asked, parts = _asked(mapping), [Part(*row) for row in found]
    tables = [TableRow(*row) for row in connection.execute(queries.TABLES, asked)]
    shells = read_shells(connection, [row.oid for row in tables])
    tables = [_on_nodes(row, shells.get(row.oid)) for row in tables]
    columns = [ColumnRow(*row) for row in connection.execute(queries.COLUMNS, asked)]
    asked["oids"] = sorted({row.oid for row in tables} | {part.oid for part in parts})
    asked["indexes"] = [spec.name for spec in _indexes()]
    asked["names"] = _names(mapping, parts)
    asked["schemas"] = sorted({mapping.schema, *(part.schema for part in parts)})
    return Catalog(
        mapping=mapping,
        version=int((connection.dialect.server_version_info or (0,))[0]),
        tables={row.name: row for row in tables},
        columns={(row.table, row.name): row for row in columns},
        all_constraints=[
            ConstraintRow(*row) for row in connection.execute(queries.CONSTRAINTS, asked)
        ],
        all_indexes=[IndexRow(*row) for row in connection.execute(queries.INDEXES, asked)],
        relations=frozenset(
            (row.schema, row.name) for row in connection.execute(queries.RELATIONS, asked)
        ),
        parts=parts,
    )


def _on_nodes(table: TableRow, shell: Shell | None) -> TableRow:
    """Return a table with its size on all nodes, where its rows were never counted."""
    if shell is None:
        return table
    table = replace(table, rows=0, bytes=shell.bytes)
    return replace(table, stranded=shell.stranded, placement=shell.placement)


def _asked(mapping: Mapping) -> dict[str, Any]:
    return {"schema": mapping.schema, "tables": [mapping.table(name) for name in LOGICAL_COLUMNS]}


def _indexes() -> list[Spec]:
    return [spec for spec in specs(GROUPS, "CASCADE") if spec.kind is ObjectKind.INDEX]


def _names(mapping: Mapping, parts: Iterable[Part]) -> list[str]:
    """Return the names of tables and indexes that are asked for, in partitions too."""
    tables = {logical: mapping.table(logical) for logical in LOGICAL_COLUMNS}
    indexes = _indexes()
    below = {
        part_index(part.name, spec.name)
        for part in parts
        if part.level
        for spec in indexes
        if part.root == tables[spec.table]
    }
    return [*(spec.name for spec in indexes), *sorted(below), *tables.values()]


def _by_table(rows: Iterable[Row]) -> dict[int, list[Row]]:
    found: defaultdict[int, list[Row]] = defaultdict(list)
    for row in rows:
        found[row.table_oid].append(row)
    return found


def _pinned(connection: Connection, mapping: Mapping) -> str:
    values = {
        "schema": mapping.schema,
        "table": mapping.table("recordings"),
        "column": mapping.column("recordings", "pet_id"),
    }
    return str(connection.scalar(queries.PIN, values) or "")
