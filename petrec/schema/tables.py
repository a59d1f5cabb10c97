"""The tables as petrec sees them: SQLAlchemy Core selectables under logical names.

A column is reached by its logical name (`schema.recordings.c.pet_id`) whatever its name is in
the database. Types are those the database reports; petrec never guesses a cast.

`schema.pets` are the rows that count: under petrec's own name, so that it cannot collide with an
alias, and without those that `[mapping.where]` excludes. Only writes, table locks and catalog
queries use the table itself, `schema.tables.pets`.
"""

from collections.abc import Mapping as MappingType
from dataclasses import dataclass, field
from typing import Any, cast

from sqlalchemy import Alias, Column, Table
from sqlalchemy.sql.selectable import NamedFromClause

from petrec.schema.columns import comparable
from petrec.schema.layout import PLAIN, Layout


@dataclass(frozen=True)
class Proofs:
    """Facts that validated constraints guarantee, so that queries need not check them."""

    link_pets_exist: bool = False
    link_appointments_exist: bool = False
    links_unique: bool = False
    recording_pets_exist: bool = False
    recording_appointments_exist: bool = False
    visit_pets_exist: bool = False
    recording_pets_listed: bool = False


@dataclass(frozen=True)
class TableShape:
    """A table as the catalog shows it: column to type in order, and its primary key.

    `bases` is the base type of a column's domain, if it has one; `enums` are the columns of enums.
    `collations` are the nondeterministic ones, by column.
    """

    columns: MappingType[str, str]
    primary_key: tuple[str, ...] = ()
    bases: MappingType[str, str] = field(default_factory=dict)
    enums: frozenset[str] = frozenset()
    collations: MappingType[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Tables:
    """The tables themselves, including rows that do not count: for writes, locks and DDL."""

    recordings: Table
    pets: Table
    appointments: Table
    links: Table
    visits: Table | None = None
    api_logs: Table | None = None


@dataclass(frozen=True)
class Schema:
    """The rows that count of each mapped table; an ignored optional table is None.

    `links_follow_appointments` is whether a foreign key makes each new link lock its appointment.
    `filtered` are the tables of which a condition excludes rows.
    `unchecked_text` is whether text may be invalid (SQL_ASCII). `visits` is None, too, where
    recordings have no visit_id; `kept_visits` is not. `layout` is where a cluster has the rows.
    `remarks` are shown by every output: what is ignored, filtered or trusted.
    """

    tables: Tables
    recordings: NamedFromClause
    pets: NamedFromClause
    appointments: NamedFromClause
    links: NamedFromClause
    visits: NamedFromClause | None = None
    users: NamedFromClause | None = None
    pet_owners: NamedFromClause | None = None
    kept_visits: NamedFromClause | None = None
    key: tuple[str, ...] = ("id",)
    proofs: Proofs = field(default_factory=Proofs)
    layout: Layout = PLAIN
    links_follow_appointments: bool = False
    filtered: frozenset[str] = frozenset()
    unchecked_text: bool = False
    remarks: tuple[str, ...] = ()

    @property
    def compares_owners(self) -> bool:
        """Return whether pets and appointments name their owners, by comparable ids."""
        mine, theirs = self.pets.c.get("owner_id"), self.appointments.c.get("pet_owner_id")
        return (
            mine is not None and theirs is not None and comparable(str(mine.type), str(theirs.type))
        )

    @property
    def key_columns(self) -> tuple[Column[Any], ...]:
        """Return the columns that identify one recording, its id first."""
        return tuple(self.tables.recordings.c[name] for name in self.key)


def written_as(table: Table, name: str) -> Alias[Any]:
    """Return a table to write to under an alias of petrec."""
    return cast("Alias[Any]", table.alias(name))
