"""The mapped tables in the system catalogs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, text

from petrec.postgres.enforced import ROWS, Demand, Enforced, Nature, make_enforced

# An expression over a row `a` of pg_attribute, independent of the search path.
TYPE_NAME = """coalesce((
           SELECT quote_ident(tn.nspname) || '.' FROM pg_type t
           JOIN pg_namespace tn ON tn.oid = t.typnamespace
           WHERE t.oid = a.atttypid AND pg_type_is_visible(t.oid) AND tn.nspname <> 'pg_catalog'
       ), '') || format_type(a.atttypid, -1)"""
# The base type behind any number of domains; of another type, the type itself. Asked of each type,
# the recursion would cost as much as everything else.
_BASE_NAME = """CASE WHEN t.typtype <> 'd' THEN format_type(t.oid, -1) ELSE (
       WITH RECURSIVE behind AS (
           SELECT a.atttypid AS oid
           UNION ALL
           SELECT d.typbasetype FROM behind JOIN pg_type d ON d.oid = behind.oid AND d.typtype = 'd'
       )
       SELECT format_type(bt.oid, -1) FROM behind JOIN pg_type bt ON bt.oid = behind.oid
       WHERE bt.typtype <> 'd') END"""
# A column can identify rows if its type has an order and can be read back from its text.
# From version 18 on a NOT NULL may not have been validated; then there may be NULLs.
# What is enforced comes with the first column of its table.
COLUMNS = text(f"""
WITH wanted AS (
    SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = :schema AND c.relname = ANY(:names)
      AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
), enforced AS MATERIALIZED ({ROWS})
SELECT c.relname, c.oid::bigint AS oid, c.relkind::text AS relkind,
       row_security_active(c.oid) AS filtered,
       has_schema_privilege(n.oid, 'USAGE') AS usable,
       c.relkind = 'r' AND EXISTS (
           SELECT FROM pg_inherits h WHERE h.inhparent = c.oid) AS inherited,
       a.attname, {TYPE_NAME} AS type, {_BASE_NAME} AS base,
       t.typtype = 'e' AS is_enum, coalesce(k.collname::text, '') AS collation,
       has_column_privilege(c.oid, a.attnum, 'SELECT') AS readable,
       has_column_privilege(c.oid, a.attnum, 'UPDATE') AS writable,
       NOT a.attnotnull OR EXISTS (
           SELECT FROM pg_constraint con
           WHERE con.conrelid = c.oid AND con.contype = 'n' AND NOT con.convalidated
             AND con.conkey = array[a.attnum]) AS nullable,
       CASE WHEN t.typcategory <> 'U' THEN t.typcategory IN ('N', 'S', 'D', 'T', 'I', 'V', 'E', 'B')
            ELSE b.typname NOT IN ('json', 'jsonb', 'xml') AND EXISTS (
                SELECT FROM pg_opclass o JOIN pg_am m ON m.oid = o.opcmethod
                WHERE m.amname = 'btree' AND o.opcdefault AND o.opcintype = b.oid)
       END AS identifies,
       CASE WHEN row_number() OVER (PARTITION BY c.oid ORDER BY a.attnum) = 1 THEN (
           SELECT jsonb_agg(to_jsonb(e)) FROM enforced e WHERE e.oid = c.oid::bigint)
       END AS enforced
FROM wanted w
JOIN pg_class c ON c.oid = w.oid
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_type t ON t.oid = a.atttypid
JOIN pg_type b ON b.oid = coalesce(nullif(t.typbasetype, 0), t.oid)
LEFT JOIN pg_collation k ON k.oid = a.attcollation AND NOT k.collisdeterministic
ORDER BY c.oid, a.attnum
""")  # noqa: S608 - constants

TABLE_NAMES = text("""
SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = :schema AND c.relkind IN ('r', 'p')
""")


_OTHERS = {"v": "a view", "m": "a materialized view", "f": "a foreign table"}


@dataclass(frozen=True)
class CatalogColumn:
    """One column: its type's name, what the role may do with it, and whether it can be an id.

    `base` is the base type of a domain; else the type. `collation` is the name of a collation that
    is nondeterministic; else empty.
    """

    type: str
    base: str
    is_enum: bool
    collation: str
    readable: bool
    writable: bool
    nullable: bool
    identifies: bool


@dataclass(frozen=True)
class CatalogTable:
    """One table: its columns in order, its constraints and indexes, and what the role may do.

    `other` names the kind of a relation that is not a table; it is empty for a table.
    """

    oid: int
    other: str
    filtered: bool
    usable: bool
    inherited: bool
    columns: Mapping[str, CatalogColumn]
    enforced: tuple[Enforced, ...]

    @property
    def primary_key(self) -> tuple[str, ...]:
        """Return the columns of the primary key, in its order; none without one."""
        return next((e.columns for e in self.enforced if e.primary and e.valid), ())

    @property
    def references(self) -> tuple[Enforced, ...]:
        """Return the foreign keys of one column, valid or not, by name."""
        keys = (each for each in self.enforced if each.nature is Nature.FOREIGN_KEY)
        return tuple(sorted((k for k in keys if len(k.columns) == 1), key=lambda k: k.name))

    def identified_by(self, *columns: str) -> bool:
        """Return whether a unique index holds exactly these columns."""
        wanted = Demand(Nature.UNIQUE, self.oid, columns)
        return any(e.immediate and e.valid and wanted.is_met_by(e) for e in self.enforced)


def read_tables(
    connection: Connection, schema: str, names: Iterable[str]
) -> dict[str, CatalogTable]:
    """Return the tables found, by physical name."""
    rows = connection.execute(COLUMNS, {"schema": schema, "names": list(names)}).all()
    oids = sorted({row.oid for row in rows})
    tables = {}
    for oid in oids:
        mine = [row for row in rows if row.oid == oid]
        tables[mine[0].relname] = CatalogTable(
            oid=oid,
            other=_OTHERS.get(mine[0].relkind, ""),
            filtered=mine[0].filtered,
            usable=mine[0].usable,
            inherited=mine[0].inherited,
            columns={row.attname: _column(row) for row in mine},
            enforced=tuple(make_enforced(**each) for each in mine[0].enforced or ()),
        )
    return tables


def _column(row: Row[Any]) -> CatalogColumn:
    more = (row.readable, row.writable, row.nullable, row.identifies)
    return CatalogColumn(row.type, row.base, row.is_enum, row.collation, *more)


def table_names(connection: Connection, schema: str) -> list[str]:
    """Return the names of all tables in a schema."""
    return list(connection.scalars(TABLE_NAMES, {"schema": schema}))
