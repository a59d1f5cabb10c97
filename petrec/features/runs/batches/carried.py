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
    cast,
    column,
    func,
    select,
)
from sqlalchemy.sql import visitors

from petrec.features.runs.batches.items import numbered, numbers_of
from petrec.features.runs.batches.shard import (
    as_array,
    given_rows,
    is_among,
    places_of,
    visit_columns,
    written_of_page,
)
from petrec.features.runs.batches.work import RunWork
from petrec.features.runs.journal.keys import has_key
from petrec.features.runs.run import Run


def ask(
    connection: Connection, work: RunWork, run: Run, query: Select[Any], page: Sequence[int]
) -> Result[Any]:
    """Execute a selection of a page's items, with the journal's table or with its rows."""
    if work.schema.layout.is_here:
        return connection.execute(query, numbers_of(page))
    parameters = numbers_of(page) | _read_items(connection, work, run, page)
    return connection.execute(carried(work, run, query), parameters)


def ask_judged(
    connection: Connection, work: RunWork, run: Run, query: Select[Any], page: Sequence[int]
) -> Result[Any]:
    """Execute the selection of a page's guarded rows, which is `carried` already."""
    parameters = numbers_of(page) | _read_items(connection, work, run, page)
    if work.schema.layout.gathers_visits:
        parameters |= _read_visits(connection, work, run, parameters)
    return connection.execute(query, parameters)


def carried(work: RunWork, run: Run, query: Select[Any]) -> Select[Any]:
    """Return a selection of a run's items with the parameter `rows` in the place of their table."""
    table, _ = work.items(run)
    return carried_by(query, table, rows_of(table))


def _read_items(
    connection: Connection, work: RunWork, run: Run, page: Sequence[int]
) -> dict[Any, Any]:
    """Return the items of a page as JSON, and where they are in shards, their appointments."""
    table, mine = work.items(run)
    items = select(table).where(numbered(table, mine)).subquery("items")
    rows = cast(func.jsonb_agg(func.to_jsonb(items.table_valued())), Text)
    query = select(func.coalesce(rows, "[]").label("rows"))
    if work.schema.layout.is_sharded:
        query = query.add_columns(places_of(work.schema, items.c.row_key).label("places"))
    return dict(connection.execute(query, numbers_of(page)).mappings().one())


def _read_visits(
    connection: Connection, work: RunWork, run: Run, parameters: Mapping[str, str]
) -> dict[str, str]:
    """Return the visits that the recordings of a page name: as an array, and their rows."""
    schema, items = work.schema, rows_of(work.items(run)[0])
    recordings, visits = written_of_page(schema, schema.recordings), schema.visits
    if visits is None:
        return {}
    same = has_key(schema, recordings.c, items.c.row_key)
    named = select(cast(recordings.c.visit_id, Text)).join_from(items, recordings, same)
    ids = as_array(filter(None, connection.scalars(named, parameters)))
    query = select(*(cast(visits.c[name], Text).label(name) for name in visit_columns(visits)))
    found = connection.execute(query.where(is_among("visits", visits.c.id)), {"visits": ids})
    return {"visits": ids, "visit_rows": json.dumps([dict(row) for row in found.mappings()])}


def rows_of(table: Table) -> FromClause:
    """Return the rows of the parameter `rows`, with the columns of a table of the journal."""
    return given_rows("rows", "carried", (column(each.name, each.type) for each in table.c))


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
