"""What holds NOT NULL on a recording's pet beside petrec, so that nobody can take it away."""

from sqlalchemy import Connection, text

from petrec.settings import Mapping

# NOT NULL of a table is dropped together with that of the tables below it.
_PIN = text("""
WITH RECURSIVE below AS (
    SELECT c.oid, 0 AS level FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = :schema AND c.relname = :table
    UNION ALL
    SELECT h.inhrelid, level + 1 FROM below JOIN pg_inherits h ON h.inhparent = below.oid
)
SELECT CASE
    WHEN a.attidentity <> '' THEN 'it is an identity column'
    WHEN EXISTS (SELECT FROM pg_index i WHERE i.indrelid = a.attrelid AND i.indisprimary
                 AND a.attnum = ANY(i.indkey::smallint[])) THEN 'it is part of the primary key'
    WHEN EXISTS (SELECT FROM pg_index i WHERE i.indrelid = a.attrelid AND i.indisreplident
                 AND a.attnum = ANY(i.indkey::smallint[])) THEN 'it is part of the replica identity'
    WHEN level = 0 AND EXISTS (
        SELECT FROM pg_inherits h JOIN pg_attribute p ON p.attrelid = h.inhparent
        WHERE h.inhrelid = a.attrelid AND p.attname = a.attname AND p.attnotnull)
        THEN 'the table above demands it'
    END AS pin
FROM below JOIN pg_attribute a ON a.attrelid = below.oid AND a.attname = :column
ORDER BY pin LIMIT 1
""")


def read_pin(connection: Connection, mapping: Mapping) -> str:
    """Return why the pet's column cannot cease to be NOT NULL; empty where it can."""
    table, column = mapping.table("recordings"), mapping.column("recordings", "pet_id")
    values = {"schema": mapping.schema, "table": table, "column": column}
    return str(connection.scalar(_PIN, values) or "")
