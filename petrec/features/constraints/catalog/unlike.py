"""Columns that no foreign key can connect, by the server's own conditions."""

from typing import Any

from sqlalchemy import Connection, text

from petrec.features.constraints.catalog.rows import UnlikeRow
from petrec.features.constraints.specs import GROUPS, specs
from petrec.postgres.catalog import TYPE_NAME
from petrec.settings import Mapping

# The referenced unique index needs an operator for the other type, or the other type is converted
# implicitly to the index's. The base types of domains count.
# https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-DESC-ADD-TABLE-CONSTRAINT
# Planned as a whole it would take the planner three times as long.
_UNLIKE = text(f"""
WITH RECURSIVE key AS (
    SELECT * FROM unnest(CAST(:tables AS text[]), CAST(:columns AS text[]),
                         CAST(:parents AS text[]), CAST(:referenced AS text[]))
        AS k (child, own, parent, other)
), field AS MATERIALIZED (
    SELECT c.relname, a.attname, a.attrelid, a.attnum, a.atttypid
    FROM pg_namespace n JOIN pg_class c ON c.relnamespace = n.oid
    JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE n.nspname = :schema AND NOT a.attisdropped
      AND c.relname = ANY(CAST(:tables AS text[]) || CAST(:parents AS text[]))
), below AS (
    SELECT t.oid, t.oid AS base, t.typbasetype FROM pg_type t
    WHERE t.oid IN (SELECT atttypid FROM field)
    UNION ALL
    SELECT b.oid, t.oid, t.typbasetype FROM below b JOIN pg_type t ON t.oid = b.typbasetype
), pair AS MATERIALIZED (
    SELECT key.*, c.attrelid, c.attnum, mine.base AS type, theirs.base AS parent_type,
           k.attrelid AS parent_oid, k.attnum AS parent_number
    FROM key JOIN field c ON c.relname = key.child AND c.attname = key.own
    JOIN field k ON k.relname = key.parent AND k.attname = key.other
    JOIN below mine ON mine.oid = c.atttypid AND mine.typbasetype = 0
    JOIN below theirs ON theirs.oid = k.atttypid AND theirs.typbasetype = 0
    WHERE mine.base <> theirs.base
)
SELECT DISTINCT child, own, parent, other,
       (SELECT {TYPE_NAME} FROM pg_attribute a
        WHERE (a.attrelid, a.attnum) = (pair.attrelid, pair.attnum)) AS type,
       (SELECT {TYPE_NAME} FROM pg_attribute a
        WHERE (a.attrelid, a.attnum) = (parent_oid, parent_number)) AS parent_type
FROM pair JOIN pg_index i ON i.indrelid = parent_oid AND i.indisunique
CROSS JOIN LATERAL unnest(i.indkey::smallint[], i.indclass::oid[]) AS k (number, class)
JOIN pg_opclass o ON o.oid = k.class
WHERE k.number = parent_number
  AND NOT EXISTS (SELECT FROM pg_amop m WHERE m.amopfamily = o.opcfamily AND m.amopstrategy = 3
                  AND m.amoplefttype = o.opcintype AND m.amoprighttype = pair.type)
  AND NOT EXISTS (SELECT FROM pg_cast s WHERE s.castsource = pair.type
                  AND s.casttarget = o.opcintype AND s.castcontext = 'i')
""")  # noqa: S608 - constants


def read_unlike(connection: Connection, mapping: Mapping) -> list[UnlikeRow]:
    """Return the columns of two tables that a planned foreign key cannot connect."""
    keys = [
        (mapping.table(i.table), mapping.column(i.table, own),
         mapping.table(i.parent), mapping.column(i.parent, other))
        for i in specs(GROUPS, "CASCADE") if i.parent
        for own, other in zip(i.columns, i.parent_columns, strict=True)
    ]  # fmt: skip
    names = ("tables", "columns", "parents", "referenced")
    columns = map(list, zip(*keys, strict=True))
    values: dict[str, Any] = {"schema": mapping.schema, **dict(zip(names, columns, strict=True))}
    return [UnlikeRow(*row) for row in connection.execute(_UNLIKE, values)]
