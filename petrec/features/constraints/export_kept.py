"""In a downgrade, too, what a partition brought along keeps the table's object that holds it."""

from petrec.features.constraints.export_phases import literal
from petrec.features.constraints.export_queries import LONG, NAME
from petrec.features.constraints.steps import Maker

# What `partitions.Partitioned.taken_over` says, asked when the revision runs.
_INDEX = """ AND NOT EXISTS (
    SELECT FROM pg_partition_tree(to_regclass({whole})) t JOIN pg_class c ON c.oid = t.relid
    JOIN pg_index i ON i.indexrelid = c.oid JOIN pg_class p ON p.oid = i.indrelid
    CROSS JOIN LATERAL (SELECT {long} AS long, p.relname || {ending} AS given) names
    WHERE t.level > 0 AND c.relname <> {name}
      AND NOT (c.oid > to_regclass({whole})::oid AND starts_with(c.relname, given)
               AND substr(c.relname, length(given) + 1) ~ '^[0-9]*$'))"""
_KEY = """ AND NOT EXISTS (
    WITH RECURSIVE below AS (
        SELECT oid, conrelid, confrelid, conname, oid AS whole, 0 AS level FROM pg_constraint
        WHERE conrelid = to_regclass({table}) AND conname = {name}
        UNION ALL
        SELECT k.oid, k.conrelid, k.confrelid, k.conname, whole, level + 1
        FROM below JOIN pg_constraint k ON k.conparentid = below.oid
        WHERE k.confrelid = below.confrelid
    )
    SELECT FROM below k JOIN pg_class p ON p.oid = k.conrelid
    CROSS JOIN LATERAL (SELECT p.relname || {ending} AS given) names
    WHERE level > 0 AND conname <> {name}
      AND NOT (k.oid > whole AND (
          starts_with(conname, given) AND substr(conname, length(given) + 1) ~ '^[0-9]*$'
          OR starts_with(conname, {name} || '_')
             AND substr(conname, length({name}) + 2) ~ '^[0-9]+$')))"""


def unless_taken(maker: Maker) -> str:
    """Return the end of a query whether an object is to be dropped; empty for a plain table."""
    if not maker.parts or maker.item.kind not in {"index", "foreign key"}:
        return ""
    item, mapping = maker.item, maker.names.mapping
    columns = "_".join(mapping.column(item.table, column) for column in item.columns)
    if item.kind == "foreign key":
        ending = literal(f"_{columns}_fkey")
        return _KEY.format(table=literal(maker.table), name=literal(item.name), ending=ending)
    index = literal(item.name)
    return _INDEX.format(
        whole=literal(maker.names.in_schema(item.name)),
        long=LONG.format(index=index, part="p.relname"),
        name=NAME.format(index=index),
        ending=literal(f"_{columns}_idx"),
    )
