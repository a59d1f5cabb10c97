"""The tables as petrec sees them: SQLAlchemy Core selectables under logical names.

A column is reached by its logical name (`schema.recordings.c.pet_id`) whatever it is called in
the database. Types are those the database reports; petrec never casts on a guess.

`schema.pets` are the rows that count: under a name of petrec's own, so that no table's name can
meet an alias, and without those that `[mapping.where]` leaves out. Only what writes, locks a table
or asks the catalog names the table itself, `schema.tables.pets`.
"""

import re
from collections.abc import Mapping as MappingType
from dataclasses import dataclass, field
from typing import Any, cast

from sqlalchemy import (
    Alias,
    Boolean,
    Column,
    ColumnElement,
    MetaData,
    Table,
    literal_column,
    select,
    text,
)
from sqlalchemy.sql.selectable import NamedFromClause
from sqlalchemy.types import UserDefinedType

from petrec.settings import LOGICAL_COLUMNS, REQUIRED_COLUMNS, Mapping

# Columns that every table has; a filtered selection passes them on, but not among its columns.
_SYSTEM_COLUMNS = "tableoid, ctid, xmin"


# Ids compared with each other must be of one family; PostgreSQL would refuse, or petrec guess.
_FAMILIES = (
    frozenset({"smallint", "integer", "bigint"}),
    frozenset({"text", "character varying", "bpchar"}),
)


def comparable(one: str, other: str) -> bool:
    """Return whether values of two types, by name, are compared as they are."""
    return one == other or any({one, other} <= family for family in _FAMILIES)


class PgType(UserDefinedType[Any]):
    """A column type by the name that PostgreSQL gives it, such as `uuid` or `bigint`.

    `base` is the name of the type behind a domain; elsewhere `name`.
    """

    cache_ok = True

    def __init__(self, name: str, base: str = "") -> None:
        self.name = name
        self.base = base or name

    def get_col_spec(self, **_: Any) -> str:
        """Return the type's name for CAST and DDL."""
        return self.name


_MOMENT = re.compile(r"date|timestamp(\(\d\))? (with|without) time zone")


def base_type(column: ColumnElement[Any]) -> str:
    """Return the name of a column's type; of a domain's the one behind it."""
    return column.type.base if isinstance(column.type, PgType) else str(column.type)


def is_moment(column: ColumnElement[Any]) -> bool:
    """Return whether a column is a date or timestamp, or a domain of one."""
    return _MOMENT.fullmatch(base_type(column)) is not None


@dataclass(frozen=True)
class Proofs:
    """What validated constraints guarantee, so that queries need not check it again."""

    link_pets_exist: bool = False
    link_appointments_exist: bool = False
    links_unique: bool = False
    recording_pets_exist: bool = False
    recording_appointments_exist: bool = False
    visit_pets_exist: bool = False


@dataclass(frozen=True)
class TableShape:
    """A table as the catalog shows it: column to type in order, and its primary key.

    `bases` is the type behind the domain of a column, where it has one.
    """

    columns: MappingType[str, str]
    primary_key: tuple[str, ...] = ()
    bases: MappingType[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Tables:
    """The tables themselves, with the rows that do not count: for writes, locks and DDL."""

    recordings: Table
    pets: Table
    appointments: Table
    links: Table
    visits: Table | None = None
    api_logs: Table | None = None


@dataclass(frozen=True)
class Schema:
    """The rows that count of each mapped table; an optional table that is left out is None.

    `links_follow_appointments` is whether a foreign key makes each new link lock its appointment.
    `unchecked_text` is whether text may be no text (SQL_ASCII). `visits` is None, too, where
    recordings have no visit_id; `kept_visits` is not. `remarks` are what every output repeats:
    what is left out, filtered or taken on trust.
    """

    tables: Tables
    recordings: NamedFromClause
    pets: NamedFromClause
    appointments: NamedFromClause
    links: NamedFromClause
    visits: NamedFromClause | None = None
    users: NamedFromClause | None = None
    kept_visits: NamedFromClause | None = None
    key: tuple[str, ...] = ("id",)
    proofs: Proofs = field(default_factory=Proofs)
    links_follow_appointments: bool = False
    filters_links: bool = False
    unchecked_text: bool = False
    remarks: tuple[str, ...] = ()

    @property
    def compares_owners(self) -> bool:
        """Return whether pets and appointments name their owners, by ids of one family."""
        mine, theirs = self.pets.c.get("owner_id"), self.appointments.c.get("pet_owner_id")
        return (
            mine is not None and theirs is not None and comparable(str(mine.type), str(theirs.type))
        )

    @property
    def key_columns(self) -> tuple[Column[Any], ...]:
        """Return the columns that identify one recording, its id first."""
        return tuple(self.tables.recordings.c[name] for name in self.key)


def build_schema(
    mapping: Mapping,
    shapes: MappingType[str, TableShape],
    proofs: Proofs | None = None,
    *,
    links_follow_appointments: bool = False,
    remarks: tuple[str, ...] = (),
) -> Schema:
    """Make the Core tables from the mapping and the shapes found (by logical table name)."""
    found = {name: _table(mapping, name, shape) for name, shape in shapes.items()}
    rows = {name: _rows(table, name, mapping.where.get(name)) for name, table in found.items()}
    tables = Tables(
        recordings=found["recordings"],
        pets=found["pets"],
        appointments=found["appointments"],
        links=found["appointment_pets"],
        visits=found.get("visits"),
        api_logs=found.get("api_logs"),
    )
    rest = [c.key for c in tables.recordings.primary_key if c.key != "id"]
    return Schema(
        tables=tables,
        recordings=rows["recordings"],
        pets=rows["pets"],
        appointments=rows["appointments"],
        links=rows["appointment_pets"],
        visits=rows.get("visits") if "visit_id" in tables.recordings.c else None,
        users=rows.get("users"),
        kept_visits=rows.get("visits"),
        key=("id", *rest),
        proofs=proofs or Proofs(),
        links_follow_appointments=links_follow_appointments,
        filters_links="appointment_pets" in mapping.where,
        remarks=remarks,
    )


def written_as(table: Table, name: str) -> Alias[Any]:
    """Return a table to write to under a name of petrec's own, which its own may not meet."""
    return cast("Alias[Any]", table.alias(name))


def _rows(table: Table, name: str, condition: str | None) -> NamedFromClause:
    """Return the table's rows for which the condition holds, under petrec's own name."""
    if condition is None:
        return table.alias(name)
    holds = literal_column(f"({condition})", Boolean)
    kept = select(*table.c, text(_SYSTEM_COLUMNS)).where(holds).correlate(None)
    return kept.subquery(name)


def _table(mapping: Mapping, name: str, shape: TableShape) -> Table:
    """Make a table; each has metadata of its own, so that two may be one in the database."""
    logical = _logical(mapping, name)
    columns = [
        Column(
            physical,
            PgType(type_name, shape.bases.get(physical, "")),
            key=_key(physical, logical),
            primary_key=physical in shape.primary_key,
            quote=None,
        )
        for physical, type_name in shape.columns.items()
    ]
    return Table(mapping.table(name), MetaData(schema=mapping.schema), *columns)


def _logical(mapping: Mapping, name: str) -> dict[str, str]:
    """Return physical to logical names; what is required or configured goes before a default."""
    configured = mapping.columns.get(name, {})
    defaults = sorted(LOGICAL_COLUMNS[name])
    ignored = {column for column in defaults if f"{name}.{column}" in mapping.ignore}
    found = {mapping.column(name, c): c for c in defaults if c not in ignored}
    found |= {mapping.column(name, column): column for column in sorted(REQUIRED_COLUMNS[name])}
    return found | {physical: column for column, physical in sorted(configured.items())}


def _key(physical: str, logical: MappingType[str, str]) -> str:
    """Return the logical name; an unmapped column that bears one is set apart by a suffix."""
    if physical in logical:
        return logical[physical]
    return f"{physical} (unmapped)" if physical in logical.values() else physical
