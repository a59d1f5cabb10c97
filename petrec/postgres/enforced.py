"""What the database enforces on given tables, and whether it does so for every row."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, text

# Expressions over a row `con` of pg_constraint. conenforced exists from version 18 on; a trigger
# that is disabled, or fires on replicas alone, enforces nothing, validated or not.
ENFORCED = """(coalesce((to_jsonb(con) ->> 'conenforced')::boolean, true)
         AND NOT EXISTS (SELECT FROM pg_trigger t
                         WHERE t.tgconstraint = con.oid AND t.tgenabled IN ('D', 'R')))"""
KEY_COLUMNS = """array(
             SELECT a.attname::text FROM unnest(con.conkey) WITH ORDINALITY AS k (n, place)
             JOIN pg_attribute a ON a.attrelid = con.conrelid AND a.attnum = k.n
             ORDER BY k.place)"""
REFERENCED = """array(
             SELECT a.attname::text FROM unnest(con.confkey) WITH ORDINALITY AS k (n, place)
             JOIN pg_attribute a ON a.attrelid = con.confrelid AND a.attnum = k.n
             ORDER BY k.place)"""
_CONSTRAINTS = text(f"""
SELECT con.conname AS name, con.contype::text AS type, con.conrelid::bigint AS oid,
       con.confrelid::bigint AS parent, con.convalidated AND {ENFORCED} AS valid,
       {KEY_COLUMNS} AS columns, {REFERENCED} AS referenced
FROM pg_constraint con
WHERE con.conrelid::bigint = ANY(:oids) AND con.contype IN ('c', 'f', 'p', 'u')
""")  # noqa: S608 - constants
_INDEXES = text("""
SELECT c.relname AS name, 'i' AS type, i.indrelid::bigint AS oid, 0::bigint AS parent,
       i.indisvalid AND i.indisready AND i.indislive AS valid,
       CASE WHEN i.indpred IS NULL AND i.indexprs IS NULL THEN array(
           SELECT a.attname::text
           FROM unnest(i.indkey::smallint[]) WITH ORDINALITY AS k (n, place)
           JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.n
           WHERE k.place <= i.indnkeyatts ORDER BY k.place)
       ELSE '{}' END AS columns, '{}'::text[] AS referenced
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
WHERE i.indrelid::bigint = ANY(:oids)
""")
# From version 18 on a NOT NULL may be set and yet not validated.
_NOT_NULL = text("""
SELECT coalesce(con.conname, '') AS name, 'n' AS type, a.attrelid::bigint AS oid,
       0::bigint AS parent, coalesce(con.convalidated, true) AS valid,
       array[a.attname::text] AS columns, '{}'::text[] AS referenced
FROM pg_attribute a
LEFT JOIN pg_constraint con ON con.conrelid = a.attrelid AND con.contype = 'n'
  AND con.conkey = array[a.attnum]
WHERE a.attrelid::bigint = ANY(:oids) AND a.attnum > 0 AND NOT a.attisdropped AND a.attnotnull
""")


@dataclass(frozen=True)
class Enforced:
    """A constraint (c, f, n, p, u as in pg_constraint) or an index (i).

    Partial indexes and those on expressions have no columns here.
    """

    name: str
    type: str
    oid: int
    parent: int
    valid: bool
    columns: tuple[str, ...]
    referenced: tuple[str, ...]


def read_enforced(connection: Connection, oids: Iterable[int]) -> list[Enforced]:
    """Return the constraints and indexes of the tables, valid or not."""
    queries = (_CONSTRAINTS, _INDEXES, _NOT_NULL)
    rows = [r for query in queries for r in connection.execute(query, {"oids": list(oids)})]
    return [
        Enforced(r.name, r.type, r.oid, r.parent, r.valid, tuple(r.columns), tuple(r.referenced))
        for r in rows
    ]
