"""Statements that make and drop the visits table and the column that refers to it."""

from dataclasses import dataclass
from typing import ClassVar

from psycopg import sql

from petrec.features.constraints.names import Name
from petrec.features.constraints.statements.base import (
    COMMA,
    AlterTable,
    Lock,
    Statement,
    has_column,
    regclass,
)

_GUARDED = sql.SQL(
    " BEGIN LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE; SET LOCAL enable_seqscan = off;"
    " IF EXISTS (SELECT FROM {rows}) THEN RAISE object_not_in_prerequisite_state"
    " USING MESSAGE = {message}; END IF; {drop}; END "
)


@dataclass(frozen=True)
class ColumnDefinition:
    """A column of a new table: its type's name from the catalog, and what follows it."""

    name: Name
    type: str
    rest: str = ""

    def compose(self) -> sql.Composed:
        """Return the definition as psycopg composes it."""
        rest = [sql.SQL(self.rest)] if self.rest else []
        return sql.SQL(" ").join([self.name, sql.SQL(self.type), *rest])


@dataclass(frozen=True, kw_only=True)
class CreateTable(Statement):
    """Create a table without foreign keys, which come one by one."""

    columns: tuple[ColumnDefinition, ...]

    hazard: ClassVar[str] = "no session uses the new table yet"
    creates: ClassVar[bool] = True

    def compose(self) -> sql.Composed:
        """Return the statement as psycopg composes it."""
        body = COMMA.join(column.compose() for column in self.columns)
        return sql.SQL("CREATE TABLE {} ({})").format(self.table, body)

    @property
    def locks(self) -> tuple[Lock, ...]:
        """Return none: no other session sees the table."""
        return ()

    @property
    def owned(self) -> tuple[Name, ...]:
        """Return none: the role that creates it owns it."""
        return ()

    @property
    def condition(self) -> sql.Composed:
        """Return whether there is no relation of the name."""
        return sql.SQL("{} IS NULL").format(regclass(self.table))


@dataclass(frozen=True, kw_only=True)
class GrantSelect(Statement):
    """Grant a role SELECT on the new table; `role` is quoted if needed."""

    role: str

    hazard: ClassVar[str] = "lets roles that read recordings also read visits"

    def compose(self) -> sql.Composed:
        """Return the statement as psycopg composes it."""
        return sql.SQL("GRANT SELECT ON {} TO {}").format(self.table, sql.SQL(self.role))

    @property
    def locks(self) -> tuple[Lock, ...]:
        """Return none: a grant locks no table."""
        return ()

    @property
    def owned(self) -> tuple[Name, ...]:
        """Return none: it is planned only for the owner."""
        return ()

    @property
    def condition(self) -> sql.Composed:
        """Return whether this role does not have the grant yet."""
        return sql.SQL(
            "NOT EXISTS (SELECT FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) g"
            " WHERE c.oid = {} AND g.privilege_type = 'SELECT' AND CASE g.grantee WHEN 0"
            " THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(g.grantee)) END = {})"
        ).format(regclass(self.table), sql.Literal(self.role))


@dataclass(frozen=True, kw_only=True)
class AddColumn(AlterTable):
    """Add a column that is NULL everywhere."""

    column: Name
    type: str

    def compose(self) -> sql.Composed:
        """Return the statement as psycopg composes it."""
        return self.alter("ADD COLUMN {} {}", self.column, sql.SQL(self.type))

    @property
    def condition(self) -> sql.Composed:
        """Return whether there is no such column."""
        return sql.SQL("NOT EXISTS ({})").format(has_column(self.table, self.column))


@dataclass(frozen=True, kw_only=True)
class DropEmptyTable(AlterTable):
    """Drop a table if it has no rows once the lock is held."""

    hazard: ClassVar[str] = "stops all use of the empty table"

    def compose(self) -> sql.Composed:
        """Return the statement as psycopg composes it."""
        drop = sql.SQL("DROP TABLE {}").format(self.table)
        return _guarded(self.table, self.table, f"{self.table} has rows", drop)

    @property
    def condition(self) -> sql.Composed:
        """Return whether the table is there."""
        return sql.SQL("{} IS NOT NULL").format(regclass(self.table))


@dataclass(frozen=True, kw_only=True)
class DropEmptyColumn(AlterTable):
    """Drop a column if it is NULL in all rows once the lock is held; an index must prove that."""

    column: Name

    def compose(self) -> sql.Composed:
        """Return the statement as psycopg composes it."""
        rows = sql.SQL("{} WHERE {} IS NOT NULL").format(self.table, self.column)
        drop = self.alter("DROP COLUMN {}", self.column)
        return _guarded(self.table, rows, f"{self.table} has rows with {self.column}", drop)

    @property
    def condition(self) -> sql.Composed:
        """Return whether the column is there."""
        return sql.SQL("EXISTS ({})").format(has_column(self.table, self.column))


def _guarded(table: Name, rows: sql.Composable, said: str, drop: sql.Composable) -> sql.Composed:
    """Return one statement that takes the lock, checks again, and then drops."""
    message = sql.Literal(f"{said}: it stays")
    body = _GUARDED.format(table=table, rows=rows, message=message, drop=drop)
    text, tag = body.as_string(None), "$petrec$"
    while tag in text:
        tag = f"{tag[:-1]}_$"
    return sql.SQL("DO ") + sql.SQL(tag) + body + sql.SQL(tag)
