"""Statements that make, drop and attach indexes.

https://www.postgresql.org/docs/current/sql-createindex.html
"""

from dataclasses import dataclass
from typing import ClassVar

from psycopg import sql

from petrec.features.constraints.names import Name
from petrec.features.constraints.statements.base import (
    COMMA,
    Lock,
    LockMode,
    Statement,
    Waits,
    locked,
    regclass,
)

_INDEX = sql.SQL("SELECT FROM pg_index WHERE indexrelid = {index}")
# The index that another role builds cannot be seen: it may be this one.
_BROKEN = sql.SQL(
    "EXISTS ({row} AND NOT indisvalid) AND NOT EXISTS (SELECT FROM pg_stat_progress_create_index"
    " WHERE index_relid = {index} OR index_relid IS NULL AND datname = current_database())"
)


@dataclass(frozen=True, kw_only=True)
class CreateIndex(Statement):
    """Build an index concurrently; `given` is the column that a partial index requires."""

    name: Name
    columns: tuple[Name, ...]
    given: Name | None = None

    waits: ClassVar[Waits] = Waits.LONG
    hazard: ClassVar[str] = "waits for older transactions; reads all rows twice"
    is_build: ClassVar[bool] = True
    creates: ClassVar[bool] = True
    head: ClassVar[str] = "CREATE INDEX CONCURRENTLY {name} ON {table} ({columns})"
    mode: ClassVar[LockMode] = LockMode.SHARE_UPDATE_EXCLUSIVE

    def compose(self) -> sql.Composed:
        """Return the statement as psycopg composes it."""
        columns = COMMA.join(self.columns)
        made = sql.SQL(self.head).format(name=self.name, table=self.table, columns=columns)
        if self.given is None:
            return made
        return made + sql.SQL(" WHERE {} IS NOT NULL").format(self.given)

    @property
    def locks(self) -> tuple[Lock, ...]:
        """Return the lock on the table."""
        return locked(self.mode, (self.table,))

    @property
    def index(self) -> Name:
        """Return the index's name, in the schema of its table."""
        return self.table.beside(self.name.bare)

    @property
    def leftover(self) -> "DropBrokenIndex":
        """Return the statement that drops what a failed build has left."""
        return DropBrokenIndex(table=self.table, index=self.index)

    @property
    def condition(self) -> sql.Composed:
        """Return whether there is no valid index of the name."""
        return sql.SQL("NOT EXISTS ({} AND indisvalid)").format(_row(self.index))


@dataclass(frozen=True, kw_only=True)
class CreateIndexOnly(CreateIndex):
    """Create the index of a partitioned table, invalid until all partitions have theirs."""

    waits: ClassVar[Waits] = Waits.SHORT
    hazard: ClassVar[str] = "stops writes while it waits and runs; reads no rows"
    is_build: ClassVar[bool] = False
    head: ClassVar[str] = "CREATE INDEX {name} ON ONLY {table} ({columns})"
    mode: ClassVar[LockMode] = LockMode.SHARE

    @property
    def condition(self) -> sql.Composed:
        """Return whether there is no index of the name."""
        return sql.SQL("NOT EXISTS ({})").format(_row(self.index))


@dataclass(frozen=True, kw_only=True)
class DropIndex(Statement):
    """Drop an index without blocking reads or writes; not possible for a partitioned table."""

    index: Name

    waits: ClassVar[Waits] = Waits.LONG
    hazard: ClassVar[str] = "waits for older transactions"
    is_build: ClassVar[bool] = True
    head: ClassVar[str] = "DROP INDEX CONCURRENTLY {}"

    def compose(self) -> sql.Composed:
        """Return the statement as psycopg composes it."""
        return sql.SQL(self.head).format(self.index)

    @property
    def locks(self) -> tuple[Lock, ...]:
        """Return the lock on the table."""
        return locked(LockMode.SHARE_UPDATE_EXCLUSIVE, (self.table,))

    @property
    def condition(self) -> sql.Composed:
        """Return whether there is a relation of the name."""
        return sql.SQL("{} IS NOT NULL").format(regclass(self.index))


@dataclass(frozen=True, kw_only=True)
class DropBrokenIndex(DropIndex):
    """Drop what a failed build has left."""

    head: ClassVar[str] = "DROP INDEX CONCURRENTLY IF EXISTS {}"

    @property
    def condition(self) -> sql.Composed:
        """Return whether there is an invalid index of the name that nobody builds."""
        return _BROKEN.format(row=_row(self.index), index=regclass(self.index))


@dataclass(frozen=True, kw_only=True)
class DropWholeIndex(DropIndex):
    """Drop the index of a partitioned table, and of the tables `below` with it."""

    below: tuple[Name, ...] = ()

    waits: ClassVar[Waits] = Waits.SHORT
    hazard: ClassVar[str] = Statement.hazard
    is_build: ClassVar[bool] = False
    head: ClassVar[str] = "DROP INDEX {}"

    @property
    def locks(self) -> tuple[Lock, ...]:
        """Return the locks on the table and its partitions."""
        return locked(LockMode.ACCESS_EXCLUSIVE, (self.table, *self.below))


@dataclass(frozen=True, kw_only=True)
class AttachIndex(Statement):
    """Attach the index `piece` of a partition `table` to the index `whole` of its parent."""

    whole: Name
    piece: Name

    hazard: ClassVar[str] = "stops reads whose plan uses the index; reads no rows"

    @property
    def owned(self) -> tuple[Name, ...]:
        """Return none: the owner of the index's table has been checked already."""
        return ()

    def compose(self) -> sql.Composed:
        """Return the statement as psycopg composes it."""
        return sql.SQL("ALTER INDEX {} ATTACH PARTITION {}").format(self.whole, self.piece)

    @property
    def locks(self) -> tuple[Lock, ...]:
        """Return the locks on both indexes."""
        shared = locked(LockMode.SHARE_UPDATE_EXCLUSIVE, (self.whole,))
        return shared + locked(LockMode.ACCESS_EXCLUSIVE, (self.piece,))

    @property
    def condition(self) -> sql.Composed:
        """Return whether the piece is not attached."""
        return sql.SQL("NOT EXISTS (SELECT FROM pg_inherits WHERE inhrelid = {})").format(
            regclass(self.piece)
        )


def _row(index: Name) -> sql.Composed:
    return _INDEX.format(index=regclass(index))
