"""A downgrade keeps an object that has taken over a partition's own object."""

from psycopg import sql

from petrec.features.constraints.alembic.queries import LONG, NAME
from petrec.features.constraints.objects.base import Object
from petrec.features.constraints.objects.index_by_leaf import PartitionedIndex
from petrec.features.constraints.objects.key_by_leaf import PartitionedKey

# What `taken_over` of the partitioned objects says, asked when the revision runs.
_INDEX = sql.SQL(""" AND NOT EXISTS (
    SELECT FROM pg_partition_tree(to_regclass({whole})) t JOIN pg_class c ON c.oid = t.relid
    JOIN pg_index i ON i.indexrelid = c.oid JOIN pg_class p ON p.oid = i.indrelid
    CROSS JOIN LATERAL (SELECT {long} AS long, p.relname || {ending} AS given) names
    WHERE t.level > 0 AND c.relname <> {name}
      AND NOT (c.oid > to_regclass({whole})::oid AND starts_with(c.relname, given)
               AND substr(c.relname, length(given) + 1) ~ '^[0-9]*$'))""")
_KEY = sql.SQL(""" AND NOT EXISTS (
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
             AND substr(conname, length({name}) + 2) ~ '^[0-9]+$')))""")


def unless_taken(wanted: Object) -> str:
    """Return the end of a query for whether to drop an object; empty for a plain table."""
    if isinstance(wanted, PartitionedKey):
        return _key(wanted).as_string(None)
    return _index(wanted).as_string(None) if isinstance(wanted, PartitionedIndex) else ""


def _key(wanted: PartitionedKey) -> sql.Composed:
    ending = sql.Literal(f"_{'_'.join(wanted.column_names)}_fkey")
    name, table = sql.Literal(wanted.spec.name), sql.Literal(str(wanted.table))
    return _KEY.format(table=table, name=name, ending=ending)


def _index(wanted: PartitionedIndex) -> sql.Composed:
    index = sql.Literal(wanted.spec.name)
    return _INDEX.format(
        whole=sql.Literal(str(wanted.table.beside(wanted.spec.name))),
        long=sql.SQL(LONG).format(index=index, part=sql.SQL("p.relname")),
        name=sql.SQL(NAME).format(index=index),
        ending=sql.Literal(f"_{'_'.join(wanted.column_names)}_idx"),
    )
