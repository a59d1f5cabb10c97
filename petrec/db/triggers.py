"""Triggers that an UPDATE of a table would fire."""

from sqlalchemy import Connection, Table, text

from petrec.results.backfill import Trigger

# Bits of pg_trigger.tgtype: 1 row, 2 before, 16 update, 64 instead of.
_UPDATE_TRIGGERS = text("""
SELECT t.tgname AS name, t.tgfoid::regprocedure::text AS function,
       concat(CASE WHEN t.tgtype & 2 > 0 THEN 'before' ELSE 'after' END,
              CASE WHEN t.tgtype & 1 > 0 THEN ', each row' ELSE ', each statement' END,
              CASE t.tgenabled WHEN 'D' THEN ', disabled' WHEN 'R' THEN ', on replicas' END
       ) AS timing
FROM pg_trigger t
JOIN pg_class c ON c.oid = t.tgrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = :schema AND c.relname = :name AND NOT t.tgisinternal AND t.tgtype & 16 > 0
ORDER BY t.tgname
""")


def update_triggers(connection: Connection, table: Table) -> tuple[Trigger, ...]:
    """Return the triggers that a person has put on updates of a table."""
    names = {"schema": table.schema, "name": table.name}
    rows = connection.execute(_UPDATE_TRIGGERS, names)
    return tuple(Trigger(row.name, row.function, row.timing) for row in rows)
