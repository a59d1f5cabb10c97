"""Triggers that an UPDATE of a table would fire."""

from dataclasses import dataclass

from msgspec import Struct
from sqlalchemy import Connection, Table, text

from petrec.postgres.identifiers import quoted_table
from petrec.schema import Schema

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
# As a context line of an error names a function; partitions have triggers of their own.
_TRIGGER_FUNCTIONS = text("""
SELECT DISTINCT t.tgname::text AS name, c.relname::text AS table,
       quote_ident(p.proname) AS function
FROM unnest(CAST(:names AS text[])) AS mapped (name)
CROSS JOIN LATERAL (
    SELECT mapped.name::regclass::oid AS oid
    UNION SELECT relid::oid FROM pg_partition_tree(mapped.name::regclass)) AS part
JOIN pg_class c ON c.oid = part.oid
JOIN pg_trigger t ON t.tgrelid = c.oid
JOIN pg_proc p ON p.oid = t.tgfoid
WHERE NOT t.tgisinternal AND t.tgenabled NOT IN ('D', 'R')
""")
_SEARCHING = text("""
SELECT DISTINCT t.tgfoid::regprocedure::text
FROM pg_trigger t
JOIN pg_proc p ON p.oid = t.tgfoid
JOIN pg_language l ON l.oid = p.prolang AND l.lanname NOT IN ('internal', 'c')
WHERE t.tgrelid = CAST(:name AS regclass) AND NOT t.tgisinternal AND t.tgtype & 16 > 0
  AND t.tgenabled NOT IN ('D', 'R')
  AND NOT EXISTS (SELECT FROM unnest(p.proconfig) AS setting
                  WHERE starts_with(setting, 'search_path='))
ORDER BY 1
""")


class Trigger(Struct, frozen=True):
    """A trigger that fires when a recording is updated; petrec never disables one."""

    name: str
    function: str
    timing: str


class SearchingTriggers(Struct, frozen=True):
    """Trigger functions that set no search_path, and how to let them find their tables."""

    functions: tuple[str, ...]
    advice: str

    def __str__(self) -> str:
        """Return the remark of a plan."""
        names = ", ".join(self.functions)
        return (
            "other roles can create or own functions in the application's schema, so it is not in "
            f"the search_path of triggers: {names}; ALTER FUNCTION ... SET search_path, or "
            f"{self.advice}"
        )


@dataclass(frozen=True)
class TriggerFunction:
    """A trigger that may fire in a run, its table, and its function's name as SQL writes it."""

    name: str
    table: str
    function: str


def update_triggers(connection: Connection, table: Table) -> tuple[Trigger, ...]:
    """Return the user-defined triggers on updates of a table."""
    names = {"schema": table.schema, "name": table.name}
    rows = connection.execute(_UPDATE_TRIGGERS, names)
    return tuple(Trigger(row.name, row.function, row.timing) for row in rows)


def searching_functions(connection: Connection, table: Table) -> tuple[str, ...]:
    """Return the functions of an update's triggers that look names up in petrec's search path."""
    return tuple(connection.scalars(_SEARCHING, {"name": quoted_table(table)}))


def trigger_functions(connection: Connection, schema: Schema) -> tuple[TriggerFunction, ...]:
    """Return the enabled triggers of recordings and appointment_pets, and of their partitions."""
    written = (schema.tables.recordings, schema.tables.links)
    names = [quoted_table(table) for table in written]
    rows = connection.execute(_TRIGGER_FUNCTIONS, {"names": names})
    return tuple(TriggerFunction(row.name, row.table, row.function) for row in rows)
