"""What the server would refuse, found in the catalog before anything is written."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Table, text

from petrec.postgres.identifiers import quoted_table
from petrec.schema import PLAIN, Layout, Schema

# Columns that an INSERT must name; an expression over rows `a` of pg_attribute and `t` of pg_type,
# whose NOT NULL is a domain's own.
MUST_BE_NAMED = """(a.attnum > 0 AND NOT a.attisdropped AND (a.attnotnull OR t.typnotnull)
       AND NOT a.atthasdef AND a.attidentity = '' AND t.typdefault IS NULL)"""
# A trigger before the INSERT may fill them in.
_WITHOUT_VALUE = text(f"""
SELECT a.attname::text
FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
WHERE a.attrelid = CAST(:table AS regclass) AND {MUST_BE_NAMED}
  AND a.attname <> ALL (CAST(:given AS text[]))
  AND NOT EXISTS (SELECT FROM pg_trigger g
                  WHERE g.tgrelid = a.attrelid AND NOT g.tgisinternal
                    AND g.tgenabled NOT IN ('D', 'R') AND g.tgtype & 7 = 7)
ORDER BY a.attnum
""")  # noqa: S608 - a constant
_NOT_NULL = text("""
SELECT a.attnotnull OR t.typnotnull
FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
WHERE a.attrelid = CAST(:table AS regclass) AND a.attname = :column
""")
_GENERATED = text("""
SELECT a.attname::text FROM pg_attribute a
WHERE a.attrelid = CAST(:table AS regclass) AND a.attname = ANY (CAST(:columns AS text[]))
  AND (a.attgenerated <> '' OR a.attidentity = 'a')
""")
# ev_type: 2 UPDATE, 3 INSERT, 4 DELETE.
_RULES = text("""
SELECT r.rulename::text FROM pg_rewrite r
WHERE r.ev_class = CAST(:table AS regclass) AND r.ev_type = :event AND r.ev_enabled <> 'D'
ORDER BY 1
""")
# https://www.postgresql.org/docs/current/logical-replication-publication.html
_NO_IDENTITY = text("""
SELECT DISTINCT p.pubname::text, format('%I.%I', t.schemaname, t.tablename) AS published
FROM pg_publication p
JOIN pg_publication_tables t ON t.pubname = p.pubname
JOIN pg_namespace n ON n.nspname = t.schemaname
JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = t.tablename
WHERE (CASE :event WHEN '2' THEN p.pubupdate WHEN '4' THEN p.pubdelete ELSE false END)
  AND c.oid IN (SELECT CAST(:table AS regclass)::oid
                UNION SELECT relid::oid FROM pg_partition_tree(CAST(:table AS regclass)))
  AND NOT (c.relreplident = 'f' OR EXISTS (
      SELECT FROM pg_index i WHERE i.indrelid = c.oid
        AND CASE c.relreplident WHEN 'd' THEN i.indisprimary WHEN 'i' THEN i.indisreplident END))
ORDER BY 1, 2
""")
_EVENTS = {"UPDATE": "2", "INSERT": "3", "DELETE": "4"}


@dataclass(frozen=True)
class Lacking:
    """Reasons why decisions of a review cannot be written.

    `link_columns` of appointment_pets have neither a value nor a default; `placeless` is whether
    a recording must have an appointment; `layout` may keep pets and recordings where they are.
    """

    link_columns: tuple[str, ...] = ()
    placeless: bool = False
    layout: Layout = PLAIN

    def against(self, *, links: bool, before: str | None, after: str | None) -> str | None:
        """Return why a decision cannot be written; None if it can.

        `before` and `after` are the recording's appointments.
        """
        if links and self.layout.unlinked:
            return self.layout.unlinked
        if links and self.link_columns:
            columns = ", ".join(self.link_columns)
            return f"a pet cannot be added: appointment_pets needs a value for {columns}"
        if after is None and self.placeless:
            return "a recording must have an appointment: the column is NOT NULL"
        return (after != before and self.layout.unmoved) or None


def what_is_lacking(connection: Connection, schema: Schema) -> Lacking:
    """Return why decisions of a review cannot be written."""
    links, recordings = schema.tables.links, schema.tables.recordings
    given = [links.c.appointment_id.name, links.c.pet_id.name]
    asked = {"table": quoted_table(links), "given": given}
    return Lacking(
        tuple(connection.scalars(_WITHOUT_VALUE, asked)),
        is_required(connection, recordings, recordings.c.appointment_id.name),
        schema.layout,
    )


def is_required(connection: Connection, table: Table, column: str) -> bool:
    """Return whether a column refuses NULL."""
    asked = {"table": quoted_table(table), "column": column}
    return bool(connection.scalar(_NOT_NULL, asked))


def obstacles(
    connection: Connection, schema: Schema, keys: Sequence[str], *links: str
) -> list[str]:
    """Return what would make the server refuse every row; `links` is INSERT or DELETE."""
    recordings = schema.tables.recordings
    columns = [recordings.c[key].name for key in dict.fromkeys(keys)]
    asked = {"table": quoted_table(recordings), "columns": columns}
    found = [
        f"column {column} of {recordings.fullname} is a generated column and cannot be written"
        for column in connection.scalars(_GENERATED, asked)
    ]
    found += _of_event(connection, recordings, "UPDATE")
    for event in filter(None, links):
        found += _of_event(connection, schema.tables.links, event)
    return found


def deletion_obstacles(connection: Connection, table: Table) -> list[str]:
    """Return what would make the server refuse every deletion of a table's rows."""
    return _of_event(connection, table, "DELETE")


def _of_event(connection: Connection, table: Table, event: str) -> list[str]:
    asked = {"table": quoted_table(table), "event": _EVENTS[event]}
    rules = connection.scalars(_RULES, asked).all()
    published = connection.execute(_NO_IDENTITY, asked).all()
    return [
        *(f'rule "{name}" rewrites {event} on {table.fullname}: drop it first' for name in rules),
        *(
            f'publication "{row.pubname}" publishes {event} of {row.published}, which has no '
            f"replica identity: ALTER TABLE {row.published} REPLICA IDENTITY FULL;"
            for row in published
        ),
    ]
