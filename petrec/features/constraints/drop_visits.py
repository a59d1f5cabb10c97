"""Drop the visits table and recordings.visit_id: only if both are empty and petrec's own.

They are checked twice: before any change, with counts, and again in the statement that drops,
under its lock, so that a row inserted in the meantime is not lost.
"""

from collections.abc import Iterator
from typing import Any

from psycopg import sql
from sqlalchemy import Connection, text

from petrec.errors import UsageError
from petrec.features.constraints.catalog.read import Catalog
from petrec.features.constraints.names import Name, part_index
from petrec.features.constraints.objects.base import Object
from petrec.features.constraints.objects.column import VisitColumn
from petrec.features.constraints.objects.index import Index
from petrec.features.constraints.objects.table import VisitsTable, visits_columns
from petrec.features.constraints.specs import GROUPS, specs
from petrec.features.constraints.state import ObjectState, Step
from petrec.phrases import Phrase, Phrased

# Objects that depend on the visits table, or on visit_id in recordings or any partition. What
# depends on a child index or constraint is found by its parent.
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


def filled(connection: Connection, catalog: Catalog) -> dict[str, int]:
    """Count what would be lost: visits, and recordings that name one; only counts above zero."""
    visits, recordings = (catalog.mapping.table(table) for table in ("visits", "recordings"))
    column, names = catalog.names.column("recordings", "visit_id"), catalog.names
    counts: dict[str, int] = {}
    if visits in catalog.tables:
        query = sql.SQL("SELECT count(*) FROM {}").format(names.table("visits"))
        counts[visits] = count_rows(connection, query)
    if (recordings, column.bare) in catalog.columns:
        query = sql.SQL("SELECT count({}) FROM {}").format(column, names.table("recordings"))
        counts[f"{recordings}.{column.bare}"] = count_rows(connection, query)
    return {name: count for name, count in counts.items() if count}


def count_rows(connection: Connection, query: sql.Composed) -> int:
    """Return a count. The statement has no parameters, so its percent signs need no escape."""
    return int(connection.exec_driver_sql(query.as_string(None).replace("%", "%%")).scalar_one())


def refuse_strangers(connection: Connection, catalog: Catalog) -> None:
    """Raise a UsageError if something that petrec did not create depends on table or column."""
    mapping = catalog.mapping
    visits = mapping.table("visits")
    made = {column.name.bare for column in visits_columns(catalog)}
    extra = sorted(name for table, name in catalog.columns if table == visits and name not in made)
    wanted = [spec.name for spec in specs(GROUPS, "CASCADE")]
    parts = [part.name for part in catalog.tree(mapping.table("recordings"))]
    values: dict[str, Any] = {
        "schema": str(Name(mapping.schema)),
        "visits": visits,
        "recordings": mapping.table("recordings"),
        "column": mapping.column("recordings", "visit_id"),
        "ours": [*wanted, *(part_index(part, name) for part in parts for name in wanted)],
    }
    others = [f"column {name} of table {visits}" for name in extra]
    others += connection.scalars(_DEPENDENTS, values).all()
    if others:
        raise UsageError(
            f"would be lost, since petrec did not create it: {'; '.join(others)}",
            hint=Phrased(Phrase.DROP_FIRST_OR_KEEP_VISITS),
        )


def drop_steps(own: list[tuple[Object, ObjectState]]) -> Iterator[Step]:
    """Return the steps of a rollback that also drops the table and the column."""
    of_column = [each for each, _ in own if "visit_id" in each.spec.columns]
    indexes = [each for each in reversed(of_column) if isinstance(each, Index)]
    # The partial index first: it has no entries while the column is empty.
    indexes.sort(key=lambda each: not each.spec.partial)
    for each, state in reversed(own):
        if isinstance(each, VisitsTable):
            yield from each.drop(state)
        elif isinstance(each, VisitColumn):
            yield from each.drop(state, indexes)
        elif each not in indexes:
            yield from each.rollback(state)
