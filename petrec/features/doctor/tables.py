"""The doctor's checks of the mapped tables: sizes, keys, triggers, and schema petrec."""

from collections.abc import Iterator

from sqlalchemy import Connection, Table, text

from petrec.documents.amounts import counted
from petrec.features.doctor.result import Check, State
from petrec.features.runs.journal.presence import SCHEMA_EXISTS
from petrec.postgres.foreseen import obstacles
from petrec.postgres.identifiers import quoted_table
from petrec.postgres.triggers import update_triggers
from petrec.postgres.warned import about_check, not_valid_checks, warnings
from petrec.schema import Schema

_SIZE = text("""
SELECT sum(greatest(c.reltuples, 0))::bigint AS rows,
       pg_size_pretty(sum(pg_total_relation_size(c.oid))) AS size
FROM pg_class c
WHERE c.oid IN (SELECT CAST(:table AS regclass)::oid
                UNION SELECT relid::oid FROM pg_partition_tree(CAST(:table AS regclass)))
  AND (c.relkind = 'r' OR NOT EXISTS (SELECT FROM pg_inherits i WHERE i.inhparent = c.oid))
""")
# A valid key may be violated by rows that were loaded while triggers were disabled.
_KEYS = text("""
SELECT count(*) FILTER (WHERE k.convalidated) AS valid,
       count(*) FILTER (WHERE NOT k.convalidated) AS invalid
FROM pg_constraint k
WHERE k.contype = 'f' AND k.conparentid = 0 AND k.conrelid = CAST(:table AS regclass)
""")
_INDEX = text("""
SELECT count(*) FROM pg_index i
JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
WHERE i.indrelid = CAST(:table AS regclass) AND i.indisvalid AND i.indpred IS NULL
  AND a.attname = :column
""")


def check_tables(connection: Connection, schema: Schema) -> Iterator[Check]:
    """Yield the mapped tables with their sizes and keys, and the obstacles to writing."""
    for name, table in _mapped(schema):
        yield _table(connection, name, table)
    yield _lookup(connection, schema)
    for trigger in update_triggers(connection, schema.tables.recordings):
        yield Check("trigger", State.NOTE, f"{trigger.name} calls {trigger.function}: "
                    f"{trigger.timing} of an update of recordings")  # fmt: skip
    for obstacle in obstacles(connection, schema, ("pet_id",)):
        yield Check("recordings", State.PROBLEM, obstacle)
    for warning in warnings(connection, schema, ("pet_id",), ""):
        yield Check("recordings", State.WARNING, warning)
    for name, _ in not_valid_checks(connection, schema.tables.recordings):
        yield Check("recordings", State.WARNING, about_check(name),
                    "VALIDATE CONSTRAINT, or repair the rows that violate it")  # fmt: skip
    for remark in schema.remarks:
        yield Check("settings", State.NOTE, remark)


def check_journal(connection: Connection) -> Check:
    """Return the check of schema petrec."""
    there = connection.scalar(SCHEMA_EXISTS)
    finding = "exists" if there else "does not exist yet; the first command that writes creates it"
    return Check("schema petrec", State.OK if there else State.NOTE, finding)


def _mapped(schema: Schema) -> Iterator[tuple[str, Table]]:
    tables = schema.tables
    yield from (
        ("recordings", tables.recordings),
        ("pets", tables.pets),
        ("appointments", tables.appointments),
        ("appointment_pets", tables.links),
    )
    if tables.visits is not None:
        yield "visits", tables.visits


def _table(connection: Connection, name: str, table: Table) -> Check:
    asked = {"table": quoted_table(table)}
    size = connection.execute(_SIZE, asked).one()
    keys = connection.execute(_KEYS, asked).one()
    finding = f"{table.fullname}: about {size.rows or 0} rows, {size.size}, "
    finding += counted(keys.valid, "foreign key")
    if keys.invalid:
        return Check(name, State.WARNING, f"{finding}, {keys.invalid} more are NOT VALID",
                     f"ALTER TABLE {quoted_table(table)} VALIDATE CONSTRAINT ...")  # fmt: skip
    return Check(name, State.OK, finding)


def _lookup(connection: Connection, schema: Schema) -> Check:
    """Return whether an index finds an appointment's pets, which each batch reads."""
    links = schema.tables.links
    asked = {"table": quoted_table(links), "column": links.c.appointment_id.name}
    if connection.scalar(_INDEX, asked):
        return Check("appointment_pets", State.OK, "an index on appointment_id exists")
    return Check("appointment_pets", State.WARNING, "no index begins with appointment_id, so "
                 "each batch reads the whole table",
                 f"CREATE INDEX CONCURRENTLY ON {quoted_table(links)} "
                 f"({links.c.appointment_id.name});")  # fmt: skip
