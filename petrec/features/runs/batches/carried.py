"""Items carried to the node of the recordings, for recordings that lie on another one.

The journal is on the coordinator. A statement over a tenant's tables alone runs whole on the
tenant's worker, with every lock that PostgreSQL has; one that joins them to the journal does not.
So the items of a page are a parameter there, in the place of the journal's table.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from typing import cast as cast_to

from sqlalchemy import (
    Connection,
    FromClause,
    Result,
    Select,
    Table,
    Text,
    bindparam,
    cast,
    column,
    func,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.sql import visitors

from petrec.features.runs.batches.items import numbered, numbers_of
from petrec.features.runs.batches.work import RunWork
from petrec.features.runs.run import Run


def ask(
    connection: Connection, work: RunWork, run: Run, query: Select[Any], page: Sequence[int]
) -> Result[Any]:
    """Execute a selection of a page's items, with the journal's table or with its rows."""
    if work.schema.layout.is_here:
        return connection.execute(query, numbers_of(page))
    table, _ = work.items(run)
    carried = carried_by(query, table, rows_of(table))
    parameters = numbers_of(page) | {"rows": read_rows(connection, work, run, page)}
    return connection.execute(carried, parameters)


def read_rows(connection: Connection, work: RunWork, run: Run, page: Sequence[int]) -> str:
    """Return the items of a page as JSON."""
    table, mine = work.items(run)
    items = select(table).where(numbered(table, mine)).subquery("items")
    query = select(cast(func.jsonb_agg(func.to_jsonb(items.table_valued())), Text))
    return connection.scalar(query, numbers_of(page)) or "[]"


def rows_of(table: Table) -> FromClause:
    """Return the rows of the parameter `rows`, with the columns of a table of the journal."""
    given = func.jsonb_to_recordset(cast(bindparam("rows", type_=Text), JSONB))
    columns = (column(each.name, each.type) for each in table.c)
    return given.table_valued(*columns).render_derived(name="carried", with_types=True)


def carried_by(query: Select[Any], table: Table, rows: FromClause) -> Select[Any]:
    """Return a query with other rows in the place of a table."""

    def replace(element: Any, **_: Any) -> Any:
        if element is table:
            return rows
        return rows.c[element.key] if getattr(element, "table", None) is table else None

    return cast_to("Select[Any]", visitors.replacement_traverse(query, {}, replace))


def as_rows(rows: Iterable[Mapping[str, str]]) -> str:
    """Return the parameter `rows` of rows whose values are JSON."""
    parts = (",".join(f"{json.dumps(name)}:{value}" for name, value in row.items()) for row in rows)
    return "[" + ",".join(f"{{{part}}}" for part in parts) + "]"
