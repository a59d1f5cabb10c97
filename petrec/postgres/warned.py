"""Warnings about the tables before a run writes; none stops the run."""

from collections.abc import Sequence

from sqlalchemy import Connection, Table, text

from petrec.postgres.identifiers import quoted_table
from petrec.schema import Schema

_UNLOGGED = text("""
SELECT DISTINCT format('%I.%I', n.nspname, c.relname)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relpersistence = 'u' AND c.oid IN (
    SELECT CAST(:table AS regclass)::oid
    UNION SELECT relid::oid FROM pg_partition_tree(CAST(:table AS regclass)))
ORDER BY 1
""")
# Keys of the table, and foreign keys on either side of it, whose check waits for the commit.
_DEFERRED = text("""
SELECT DISTINCT k.conname::text
FROM pg_constraint k
WHERE k.condeferred AND k.conparentid = 0
  AND CAST(:table AS regclass)::oid IN (k.conrelid, k.confrelid)
ORDER BY 1
""")
# Expressions are ignored: a run does not write the columns that they use.
_PARTITIONED_BY = text("""
SELECT a.attname::text
FROM pg_partition_tree(CAST(:table AS regclass)) AS part
JOIN pg_partitioned_table p ON p.partrelid = part.relid
JOIN pg_attribute a ON a.attrelid = p.partrelid AND a.attnum = ANY (p.partattrs)
WHERE a.attname = ANY (CAST(:columns AS text[]))
GROUP BY a.attname ORDER BY 1
""")
# Foreign keys with a column that the run changes, without ON UPDATE CASCADE.
_LEFT_BEHIND = text("""
SELECT k.conname::text AS name, format('%I.%I', n.nspname, c.relname) AS referrer
FROM pg_constraint k
JOIN pg_class c ON c.oid = k.conrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE k.contype = 'f' AND k.conparentid = 0 AND k.confupdtype <> 'c'
  AND k.confrelid = CAST(:table AS regclass)
  AND EXISTS (SELECT FROM pg_attribute a
              WHERE a.attrelid = k.confrelid AND a.attnum = ANY (k.confkey)
                AND a.attname = ANY (CAST(:columns AS text[])))
ORDER BY 1
""")
# A row older than a check that is NOT VALID is refused when it is updated.
# The server writes the expressions. From version 18 on, NOT NULL may be NOT VALID, and a check
# NOT ENFORCED, which refuses nothing. https://www.postgresql.org/docs/current/sql-altertable.html
_NOT_VALID = text("""
SELECT k.conname::text AS name, CASE k.contype
    WHEN 'c' THEN pg_get_expr(k.conbin, k.conrelid)
    ELSE (SELECT format('%I IS NOT NULL', a.attname) FROM pg_attribute a
          WHERE a.attrelid = k.conrelid AND a.attnum = k.conkey[1]) END AS expression
FROM pg_constraint k
WHERE k.conrelid = CAST(:table AS regclass) AND k.contype IN ('c', 'n') AND NOT k.convalidated
  AND coalesce(to_jsonb(k) ->> 'conenforced', 'true') = 'true'
ORDER BY 1
""")
_READ_ONLY = text("SELECT reset_val FROM pg_settings WHERE name = 'default_transaction_read_only'")


def warnings(connection: Connection, schema: Schema, keys: Sequence[str], links: str) -> list[str]:
    """Return the warnings of a run that writes the columns `keys`; `links` is INSERT or DELETE."""
    recordings = schema.tables.recordings
    names = [recordings.c[key].name for key in keys]
    written = [recordings, *([schema.tables.links] if links else [])]
    remarks = [remark for table in written for remark in _of_table(connection, table)]
    remarks += _of_partitions(connection, recordings, names)
    remarks += _of_key(connection, schema, keys)
    if connection.scalar(_READ_ONLY) == "on":
        remarks.append(
            "default_transaction_read_only is on for this session; petrec overrides it and writes"
        )
    return remarks


def not_valid_checks(connection: Connection, table: Table) -> list[tuple[str, str]]:
    """Return name and expression of a table's checks that are NOT VALID."""
    rows = connection.execute(_NOT_VALID, {"table": quoted_table(table)})
    return [(str(row.name), str(row.expression)) for row in rows]


def about_check(name: str, count: int | None = None) -> str:
    """Return the warning about a check that is NOT VALID; `count` is None if not counted."""
    broken = "recordings that break it are" if count is None else f"{count} planned recordings are"
    return f'constraint "{name}" is NOT VALID: {broken} refused by it and skipped'


def _of_table(connection: Connection, table: Table) -> list[str]:
    asked = {"table": quoted_table(table)}
    unlogged = connection.scalars(_UNLOGGED, asked).all()
    deferred = connection.scalars(_DEFERRED, asked).all()
    return [
        *(f"{name} is unlogged: after a crash of the server it is empty" for name in unlogged),
        *(
            f'constraint "{name}" is checked when a batch commits: petrec '
            "finds a refused row by trying smaller batches"
            for name in deferred
        ),
    ]


def _of_partitions(connection: Connection, table: Table, columns: Sequence[str]) -> list[str]:
    asked = {"table": quoted_table(table), "columns": list(columns)}
    return [
        f"{table.fullname} is partitioned by {column}: a row moves to another partition, "
        "and triggers on DELETE and INSERT fire"
        for column in connection.scalars(_PARTITIONED_BY, asked)
    ]


def _of_key(connection: Connection, schema: Schema, keys: Sequence[str]) -> list[str]:
    recordings = schema.tables.recordings
    changed = [recordings.c[key].name for key in keys if key in schema.key]
    remarks = [
        f"{column} is part of the key of {recordings.fullname}: a recording that moves to another "
        "appointment changes its key"
        for column in changed
    ]
    names = [recordings.c[key].name for key in keys]
    asked = {"table": quoted_table(recordings), "columns": names}
    return remarks + [
        f'foreign key "{row.name}" of {row.referrer} does not cascade a changed key: '
        "the server refuses recordings that it references"
        for row in connection.execute(_LEFT_BEHIND, asked)
    ]
