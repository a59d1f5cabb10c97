"""The base of all statements."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from msgspec import Struct
from psycopg import sql

from petrec.features.constraints.names import Name

COMMA = sql.SQL(", ")


class LockMode(StrEnum):
    """Lock modes, from the weakest on, as pg_locks names them.

    https://www.postgresql.org/docs/current/explicit-locking.html#LOCKING-TABLES
    """

    ROW_SHARE = "RowShareLock"
    SHARE_UPDATE_EXCLUSIVE = "ShareUpdateExclusiveLock"
    SHARE = "ShareLock"
    SHARE_ROW_EXCLUSIVE = "ShareRowExclusiveLock"
    ACCESS_EXCLUSIVE = "AccessExclusiveLock"


class Waits(StrEnum):
    """How long a statement may wait for its locks: a strong lock blocks all who queue behind it."""

    SHORT = "short"
    LONG = "long"


class Lock(Struct, frozen=True):
    """A lock that a statement takes."""

    mode: LockMode
    table: str


def locked(mode: LockMode, names: Iterable[Name]) -> tuple[Lock, ...]:
    """Return a lock of one mode on each of these."""
    return tuple(Lock(mode, str(name)) for name in names)


@dataclass(frozen=True, kw_only=True)
class Statement(ABC):
    """One statement, run alone.

    `is_build` is true for index builds, `creates` for statements that create a relation in the
    table's schema.
    """

    table: Name

    waits: ClassVar[Waits] = Waits.SHORT
    hazard: ClassVar[str] = "stops reads and writes while it waits and runs; reads no rows"
    is_build: ClassVar[bool] = False
    creates: ClassVar[bool] = False

    @abstractmethod
    def compose(self) -> sql.Composed:
        """Return the statement as psycopg composes it."""

    @property
    @abstractmethod
    def locks(self) -> tuple[Lock, ...]:
        """Return the locks on existing tables and indexes."""

    @property
    @abstractmethod
    def condition(self) -> sql.Composed:
        """Return the condition on the catalog under which it is still needed."""

    @property
    def owned(self) -> tuple[Name, ...]:
        """Return the tables whose owner must run it."""
        return (self.table,)

    @property
    def needed(self) -> sql.Composed:
        """Return a query that has a row if the statement is still needed."""
        return sql.SQL("SELECT 1 WHERE {}").format(self.condition)

    @property
    def sql(self) -> str:
        """Return the statement's text."""
        return self.compose().as_string(None)


@dataclass(frozen=True, kw_only=True)
class AlterTable(Statement):
    """A change of a table, with its partitions."""

    below: tuple[Name, ...] = ()

    mode: ClassVar[LockMode] = LockMode.ACCESS_EXCLUSIVE

    @property
    def locks(self) -> tuple[Lock, ...]:
        """Return the locks on the table and its partitions."""
        return locked(self.mode, self.owned)

    @property
    def owned(self) -> tuple[Name, ...]:
        """Return the table and its partitions."""
        return (self.table, *self.below)

    def alter(self, clause: str, *parts: sql.Composable, **named: sql.Composable) -> sql.Composed:
        """Return ALTER TABLE with a clause."""
        return sql.SQL("ALTER TABLE {} ").format(self.table) + sql.SQL(clause).format(
            *parts, **named
        )


def regclass(name: Name) -> sql.Composed:
    """Return the OID of a relation, NULL where there is none."""
    return sql.SQL("to_regclass({})").format(sql.Literal(str(name)))


def has_column(table: Name, column: Name) -> sql.Composed:
    """Return a query, to be continued, for a column."""
    return sql.SQL(
        "SELECT FROM pg_attribute WHERE attrelid = {} AND attname = {} AND NOT attisdropped"
    ).format(regclass(table), sql.Literal(column.bare))


def has_constraint(table: Name, name: Name) -> sql.Composed:
    """Return a query, to be continued, for a constraint of a table."""
    return sql.SQL("SELECT FROM pg_constraint WHERE conrelid = {} AND conname = {}").format(
        regclass(table), sql.Literal(name.bare)
    )


def is_required(table: Name, column: Name) -> sql.Composed:
    """Return the condition that a column is NOT NULL."""
    return sql.SQL("EXISTS ({} AND attnotnull)").format(has_column(table, column))
