"""Whether a column can hold a value: what its type and the checks on it alone would refuse."""

from collections.abc import Iterator

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Table,
    cast,
    literal,
    literal_column,
    select,
    text,
)

from petrec.postgres.identifiers import quoted_table
from petrec.postgres.ids import normal_ids

# A check that others take part in cannot be judged by one value.
_CHECKS = text("""
SELECT k.conname::text AS name, pg_get_expr(k.conbin, k.conrelid) AS expression
FROM pg_constraint k JOIN pg_attribute a ON a.attrelid = k.conrelid AND k.conkey = ARRAY[a.attnum]
WHERE k.conrelid = CAST(:table AS regclass) AND k.contype = 'c' AND a.attname = :column
  AND coalesce(to_jsonb(k) ->> 'conenforced', 'true') = 'true'
ORDER BY 1
""")
_VALUES = text("""
SELECT string_agg(e.enumlabel, ', ' ORDER BY e.enumsortorder) AS labels
FROM pg_attribute a JOIN pg_enum e ON e.enumtypid = a.atttypid
WHERE a.attrelid = CAST(:table AS regclass) AND a.attname = :column
""")


def refusals_of(connection: Connection, table: Table, key: str, value: str) -> Iterator[str]:
    """Yield what refuses a text as a value of a column, in words; nothing where it fits."""
    column: Column[str] = table.c[key]
    asked = {"table": quoted_table(table), "column": column.name}
    begin = f"{table.fullname}.{column.name} cannot hold {value}"
    if normal_ids(connection, column, [value]).get(value) != value:
        labels = connection.scalar(_VALUES, asked)
        known = f", which has {labels}" if labels else ""
        yield f"{begin}: its type is {column.type}{known}"
        return
    row = select(cast(literal(value), column.type).label(column.name)).subquery("given")
    for check in connection.execute(_CHECKS, asked):
        holds = literal_column(check.expression, Boolean)
        if connection.scalar(select(holds).select_from(row)) is False:
            yield f'{begin}: constraint "{check.name}" refuses it'
