"""Taking the visits table and recordings.visit_id away: only while both are empty, and petrec's.

Whether they are empty is asked twice: before anything is changed, with counts, and again in the
statement that drops, under its lock, so that a row that came meanwhile is not lost.
"""

from typing import Any

from sqlalchemy import Connection, text

from petrec.errors import UsageError
from petrec.features.constraints.catalog import Found
from petrec.features.constraints.modes import EXCLUSIVE, SHORT
from petrec.features.constraints.objects import DEFAULT_GROUPS, Names, items
from petrec.features.constraints.partitions import part_index
from petrec.features.constraints.result import Lock, Presence, Step
from petrec.features.constraints.steps import Maker
from petrec.features.constraints.visits import visits_columns

# What depends on the table, or on the column of recordings or of one of its partitions; what hangs
# on another part of an index or a key is found with that.
_DEPENDENTS = text("""
WITH held AS (
    SELECT c.oid AS relid, NULL::int AS attnum FROM pg_class c
    WHERE c.relnamespace = to_regnamespace(:schema) AND c.relname = :visits
    UNION ALL
    SELECT a.attrelid, a.attnum FROM pg_class c
    LEFT JOIN LATERAL pg_partition_tree(c.oid) t ON true
    JOIN pg_attribute a ON a.attrelid = coalesce(t.relid, c.oid) AND a.attname = :column
         AND NOT a.attisdropped
    WHERE c.relnamespace = to_regnamespace(:schema) AND c.relname = :recordings
)
SELECT DISTINCT pg_describe_object(d.classid, d.objid, d.objsubid)
FROM held JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = held.relid
     AND (held.attnum IS NULL OR d.refobjsubid = held.attnum)
LEFT JOIN pg_class i ON d.classid = 'pg_class'::regclass AND i.oid = d.objid
LEFT JOIN pg_constraint k ON d.classid = 'pg_constraint'::regclass AND k.oid = d.objid
LEFT JOIN pg_attrdef v ON d.classid = 'pg_attrdef'::regclass AND v.oid = d.objid
WHERE d.deptype IN ('n', 'a')
  AND NOT coalesce(v.adrelid = d.refobjid AND v.adnum = d.refobjsubid, false)
  AND NOT coalesce(k.contype IN ('p', 'n') AND k.conrelid = held.relid AND held.attnum IS NULL,
                   false)
  AND NOT coalesce(k.conparentid <> 0, false)
  AND NOT EXISTS (SELECT FROM pg_inherits h WHERE h.inhrelid = i.oid)
  AND NOT coalesce(coalesce(i.relname, k.conname)::text = ANY(:ours), false)
ORDER BY 1
""")


def filled(connection: Connection, found: Found, names: Names) -> dict[str, int]:
    """Count what would be lost: visits, and recordings that name one; only what is not zero."""
    visits, recordings = (names.mapping.table(table) for table in ("visits", "recordings"))
    column = names.mapping.column("recordings", "visit_id")
    counts: dict[str, int] = {}
    if visits in found.tables:
        query = f"SELECT count(*) FROM {names.table('visits')}"  # noqa: S608 - quoted name
        counts[visits] = _counted(connection, query)
    if (recordings, column) in found.columns:
        quoted = names.column("recordings", "visit_id")
        query = f"SELECT count({quoted}) FROM {names.table('recordings')}"  # noqa: S608 - quoted names
        counts[f"{recordings}.{column}"] = _counted(connection, query)
    return {name: count for name, count in counts.items() if count}


def _counted(connection: Connection, query: str) -> int:
    return int(connection.exec_driver_sql(query.replace("%", "%%")).scalar_one())


def refuse_strangers(connection: Connection, found: Found, names: Names) -> None:
    """Raise a UsageError where the table holds, or either carries, what petrec did not make."""
    mapping = names.mapping
    visits = mapping.table("visits")
    made = {mapping.column("visits", name) for name, _ in visits_columns(found, names)}
    extra = sorted(name for table, name in found.columns if table == visits and name not in made)
    wanted = [item.name for item in items(DEFAULT_GROUPS, "CASCADE")]
    parts = [part.name for part in found.tree(mapping.table("recordings"))]
    values: dict[str, Any] = {
        "schema": names.quote(mapping.schema),
        "visits": visits,
        "recordings": mapping.table("recordings"),
        "column": mapping.column("recordings", "visit_id"),
        "ours": [*wanted, *(part_index(part, name) for part in parts for name in wanted)],
    }
    others = [f"column {name} of table {visits}" for name in extra]
    others += connection.scalars(_DEPENDENTS, values).all()
    if others:
        raise UsageError(
            f"not made by petrec, so it would be lost: {'; '.join(others)}",
            hint="drop it yourself first, or leave --drop-visits out",
        )


def drop_steps(makers: list[Maker], own: list[Maker]) -> list[Step]:
    """Return the steps of a rollback that takes the table and the column, too."""
    by_name = {maker.item.name: maker for maker in makers}
    steps: list[Step] = []
    for maker in reversed(own):
        item = maker.item
        if item.name == "visits":
            steps += _drop_table(maker)
        elif item.name == "visit_id":
            steps += _drop_column(maker, by_name)
        elif item.kind != "index" or "visit_id" not in item.columns:
            steps += maker.rollback()
    return steps


def _drop_table(maker: Maker) -> list[Step]:
    if maker.state.presence is not Presence.PRESENT:
        return []
    locks = (Lock(EXCLUSIVE, maker.table),)
    sql = _guarded(maker.table, maker.table, "has rows", f"DROP TABLE {maker.table}")
    return [Step(maker.item.name, sql, locks, SHORT, "stops all that use the empty table")]


def _drop_column(maker: Maker, by_name: dict[str, Maker]) -> list[Step]:
    """Drop it with its indexes: without one, the last look would read all rows under the lock."""
    if maker.state.presence is not Presence.PRESENT:
        return []
    column = maker.columns()
    used = f"{maker.table} WHERE {column} IS NOT NULL"
    drop = f"ALTER TABLE {maker.table} DROP COLUMN {column}"
    last = maker.exclusive(_guarded(maker.table, used, f"has rows with {column}", drop))
    indexes = [by_name[name] for name in ("idx_recordings_visit_pet", "idx_recordings_visit_id")]
    if any(index.state.presence in {Presence.PRESENT, Presence.EQUIVALENT} for index in indexes):
        return [last]
    build = indexes[0].apply()
    if not build:
        state = indexes[0].state
        raise UsageError(
            f"{state.name} is {state.presence}: {state.detail}",
            hint="the column is dropped only where an index shows at once that it is empty",
        )
    return [*build, last]


def _guarded(table: str, rows: str, said: str, drop: str) -> str:
    """Return one statement that takes the lock, looks once more, and then drops."""
    message = f"{table} {said}: it stays".replace("'", "''")
    return (
        f"DO $petrec$ BEGIN LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE;"
        " SET LOCAL enable_seqscan = off;"
        f" IF EXISTS (SELECT FROM {rows}) THEN RAISE object_not_in_prerequisite_state"
        f" USING MESSAGE = '{message}'; END IF; {drop}; END $petrec$"
    )
