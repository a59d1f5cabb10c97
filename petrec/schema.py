"""The tables as petrec sees them: SQLAlchemy Core tables under logical names.

A column is reached by its logical name (`schema.recordings.c.pet_id`) whatever it is called in
the database. Types are those the database reports; petrec never casts on a guess.
"""

from collections.abc import Mapping as MappingType
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Column, MetaData, Table
from sqlalchemy.types import UserDefinedType

from petrec.settings import LOGICAL_COLUMNS, Mapping


class PgType(UserDefinedType[Any]):
    """A column type by the name that PostgreSQL gives it, such as `uuid` or `bigint`."""

    cache_ok = True

    def __init__(self, name: str) -> None:
        self.name = name

    def get_col_spec(self, **_: Any) -> str:
        """Return the type's name for CAST and DDL."""
        return self.name


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
    """A table as the catalog shows it: column to type in order, and its primary key."""

    columns: MappingType[str, str]
    primary_key: tuple[str, ...] = ()


@dataclass(frozen=True)
class Schema:
    """The mapped tables; an optional table that the database lacks is None."""

    recordings: Table
    pets: Table
    appointments: Table
    links: Table
    visits: Table | None = None
    api_logs: Table | None = None
    users: Table | None = None
    key: tuple[str, ...] = ("id",)
    proofs: Proofs = field(default_factory=Proofs)
    # Also there where recordings have no visit_id, so that `visits` is None for the rules.
    visit_table: Table | None = None

    @property
    def key_columns(self) -> tuple[Column[Any], ...]:
        """Return the columns that identify one recording, its id first."""
        return tuple(self.recordings.c[name] for name in self.key)


def build_schema(
    mapping: Mapping, shapes: MappingType[str, TableShape], proofs: Proofs | None = None
) -> Schema:
    """Make the Core tables from the mapping and the shapes found (by logical table name)."""
    metadata = MetaData(schema=mapping.schema)
    tables = {name: _table(metadata, mapping, name, shape) for name, shape in shapes.items()}
    recordings = tables["recordings"]
    visits = tables.get("visits") if "visit_id" in recordings.c else None
    rest = [c.key for c in recordings.primary_key if c.key != "id"]
    return Schema(
        recordings=recordings,
        pets=tables["pets"],
        appointments=tables["appointments"],
        links=tables["appointment_pets"],
        visits=visits,
        api_logs=tables.get("api_logs"),
        users=tables.get("users"),
        key=("id", *rest),
        proofs=proofs or Proofs(),
        visit_table=tables.get("visits"),
    )


def _table(metadata: MetaData, mapping: Mapping, name: str, shape: TableShape) -> Table:
    logical = {mapping.column(name, column): column for column in LOGICAL_COLUMNS[name]}
    columns = [
        Column(
            physical,
            PgType(type_name),
            key=_key(physical, logical),
            primary_key=physical in shape.primary_key,
            quote=None,
        )
        for physical, type_name in shape.columns.items()
    ]
    return Table(mapping.table(name), metadata, *columns)


def _key(physical: str, logical: MappingType[str, str]) -> str:
    """Return the logical name; an unmapped column that bears one is set apart by a suffix."""
    if physical in logical:
        return logical[physical]
    return f"{physical} (unmapped)" if physical in logical.values() else physical
