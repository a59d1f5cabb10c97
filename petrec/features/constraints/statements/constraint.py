"""Statements that add, check and drop constraints.

https://www.postgresql.org/docs/current/sql-altertable.html
"""

from dataclasses import dataclass
from typing import ClassVar

from psycopg import sql

from petrec.features.constraints.names import Name
from petrec.features.constraints.statements.base import (
    COMMA,
    AlterTable,
    Lock,
    LockMode,
    Waits,
    has_constraint,
    is_required,
    locked,
)

_KEY = (
    "ADD CONSTRAINT {name} FOREIGN KEY ({columns})"
    " REFERENCES {parent} ({referenced}) ON DELETE {on_delete}"
)


@dataclass(frozen=True, kw_only=True)
class AddForeignKey(AlterTable):
    """Add a foreign key that is enforced for new rows only, until it is validated."""

    name: Name
    columns: tuple[Name, ...]
    parent: Name
    referenced: tuple[Name, ...]
    on_delete: str

    hazard: ClassVar[str] = "stops writes while it waits and runs; reads no rows"
    mode: ClassVar[LockMode] = LockMode.SHARE_ROW_EXCLUSIVE
    clause: ClassVar[str] = _KEY + " NOT VALID"

    def compose(self) -> sql.Composed:
        """Return the statement as psycopg composes it."""
        return self.alter(
            self.clause,
            name=self.name,
            columns=COMMA.join(self.columns),
            parent=self.parent,
            referenced=COMMA.join(self.referenced),
            on_delete=sql.SQL(self.on_delete),
        )

    @property
    def locks(self) -> tuple[Lock, ...]:
        """Return the locks on the table, the table referred to, and the partitions."""
        return locked(self.mode, (self.table, self.parent, *self.below))

    @property
    def condition(self) -> sql.Composed:
        """Return whether the table has no constraint of the name."""
        return sql.SQL("NOT EXISTS ({})").format(has_constraint(self.table, self.name))


@dataclass(frozen=True, kw_only=True)
class MergeForeignKeys(AddForeignKey):
    """Add the key of a partitioned table, which takes over the valid keys of all its partitions."""

    hazard: ClassVar[str] = "stops writes, and reads of the referenced table; reads no rows"
    clause: ClassVar[str] = _KEY

    @property
    def locks(self) -> tuple[Lock, ...]:
        """Return the locks: the strongest is on the table referred to."""
        strongest = locked(LockMode.ACCESS_EXCLUSIVE, (self.parent,))
        return locked(self.mode, self.owned) + strongest


@dataclass(frozen=True, kw_only=True)
class AddNotNull(AlterTable):
    """Require a value in new rows only, until it is validated; from version 18 on."""

    name: Name
    column: Name

    clause: ClassVar[str] = "ADD CONSTRAINT {name} NOT NULL {column} NOT VALID"

    def compose(self) -> sql.Composed:
        """Return the statement as psycopg composes it."""
        return self.alter(self.clause, name=self.name, column=self.column)

    @property
    def condition(self) -> sql.Composed:
        """Return whether neither the constraint nor NOT NULL is there."""
        return sql.SQL("NOT EXISTS ({}) AND NOT {}").format(
            has_constraint(self.table, self.name), is_required(self.table, self.column)
        )


@dataclass(frozen=True, kw_only=True)
class AddCheck(AddNotNull):
    """Require a value by a check, before version 18: a valid one spares SET NOT NULL its scan."""

    clause: ClassVar[str] = "ADD CONSTRAINT {name} CHECK ({column} IS NOT NULL) NOT VALID"


@dataclass(frozen=True, kw_only=True)
class _OfConstraint(AlterTable):
    """A change of a constraint; `parent` is the table that a foreign key references."""

    name: Name
    parent: Name | None = None

    parent_mode: ClassVar[LockMode] = LockMode.ACCESS_EXCLUSIVE
    clause: ClassVar[str]

    def compose(self) -> sql.Composed:
        """Return the statement as psycopg composes it."""
        return self.alter(self.clause, name=self.name)

    @property
    def locks(self) -> tuple[Lock, ...]:
        """Return the locks on the table, the table referred to, and the partitions."""
        parents = () if self.parent is None else (self.parent,)
        own = locked(self.mode, (self.table,))
        return own + locked(self.parent_mode, parents) + locked(self.mode, self.below)


@dataclass(frozen=True, kw_only=True)
class Validate(_OfConstraint):
    """Check the rows that are older than the constraint."""

    waits: ClassVar[Waits] = Waits.LONG
    hazard: ClassVar[str] = "reads all rows"
    mode: ClassVar[LockMode] = LockMode.SHARE_UPDATE_EXCLUSIVE
    parent_mode: ClassVar[LockMode] = LockMode.ROW_SHARE
    clause: ClassVar[str] = "VALIDATE CONSTRAINT {name}"

    @property
    def condition(self) -> sql.Composed:
        """Return whether the constraint is there and not valid."""
        held = has_constraint(self.table, self.name)
        return sql.SQL("EXISTS ({} AND NOT convalidated)").format(held)


@dataclass(frozen=True, kw_only=True)
class DropConstraint(_OfConstraint):
    """Drop a foreign key or a check."""

    clause: ClassVar[str] = "DROP CONSTRAINT {name}"

    @property
    def condition(self) -> sql.Composed:
        """Return whether it is there.

        From version 18 on, NOT NULL may have the name of the check that older versions need.
        """
        held = has_constraint(self.table, self.name)
        return sql.SQL("EXISTS ({} AND contype <> 'n')").format(held)


@dataclass(frozen=True, kw_only=True)
class SetNotNull(AlterTable):
    """Require a value in every row; a valid check spares the scan of the table."""

    column: Name

    clause: ClassVar[str] = "ALTER COLUMN {column} SET NOT NULL"

    def compose(self) -> sql.Composed:
        """Return the statement as psycopg composes it."""
        return self.alter(self.clause, column=self.column)

    @property
    def condition(self) -> sql.Composed:
        """Return whether the column may be NULL."""
        return sql.SQL("NOT {}").format(is_required(self.table, self.column))


@dataclass(frozen=True, kw_only=True)
class DropNotNull(SetNotNull):
    """Drop NOT NULL."""

    clause: ClassVar[str] = "ALTER COLUMN {column} DROP NOT NULL"

    @property
    def condition(self) -> sql.Composed:
        """Return whether the column is NOT NULL."""
        return is_required(self.table, self.column)
