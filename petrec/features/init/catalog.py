"""All tables that a role may see, with their columns and foreign keys."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, text

_COLUMNS = text("""
SELECT n.nspname::text AS schema, c.relname::text AS name,
       array_agg(a.attname::text ORDER BY a.attnum) AS columns
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
  AND n.nspname <> 'information_schema' AND n.nspname <> 'petrec'
  AND NOT starts_with(n.nspname, 'pg_')
GROUP BY n.nspname, c.relname
ORDER BY 1, 2
""")
_KEYS = text("""
SELECT n.nspname::text AS schema, c.relname::text AS name, a.attname::text AS column,
       pn.nspname::text AS parent_schema, p.relname::text AS parent
FROM pg_constraint k
JOIN pg_class c ON c.oid = k.conrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_class p ON p.oid = k.confrelid
JOIN pg_namespace pn ON pn.oid = p.relnamespace
JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
WHERE k.contype = 'f' AND k.conparentid = 0 AND cardinality(k.conkey) = 1
""")


@dataclass(frozen=True)
class Found:
    """A table: its columns in order, and the referenced table of those with a foreign key."""

    name: str
    columns: tuple[str, ...]
    parents: Mapping[str, str]


def read_schemas(connection: Connection) -> dict[str, dict[str, Found]]:
    """Return the tables of each schema by name, without foreign keys to other schemas."""
    parents: dict[tuple[str, str], dict[str, str]] = {}
    for row in connection.execute(_KEYS):
        if row.schema == row.parent_schema:
            parents.setdefault((row.schema, row.name), {})[row.column] = row.parent
    schemas: dict[str, dict[str, Found]] = {}
    for row in connection.execute(_COLUMNS):
        keys = parents.get((row.schema, row.name), {})
        table = Found(row.name, tuple(row.columns), keys)
        schemas.setdefault(row.schema, {})[row.name] = table
    return schemas
