"""Recordings of several pets or appointments, found for each of them in turn by an index."""

from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Integer,
    Select,
    bindparam,
    func,
    select,
    true,
    union_all,
)

from petrec.api.access import Columns
from petrec.api.http.cursor import After
from petrec.api.recordings.spans import End, spans
from petrec.api.wire_columns import comes_after, or_null


def newest(c: Columns) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    """Return the order of a page, of a subquery of `recording_columns`."""
    return c.created_at.desc(), c.sort_id.desc()


def bound(name: str) -> ColumnElement[int]:
    """Return a number that is passed with each run."""
    return bindparam(name, type_=Integer)


def for_each(ids: CTE, part: Select[Any], column: ColumnElement[Any]) -> Select[Any]:
    """Select what a part, which has a limit, finds for each of some values of a column.

    Without a limit, PostgreSQL could begin with the recordings.
    """
    (value,) = ids.c
    mine = part.where(column == value).lateral("mine")
    return select(mine).select_from(ids.join(mine, true()))


def newest_of_each(
    ids: CTE, query: Select[Any], column: ColumnElement[Any], after: After
) -> Select[Any]:
    """Select the newest `fetch` recordings of some values of a column, without so many of each.

    The first few of each tell which of them the page needs, and how far back it goes. `query` has
    `recording_columns` and no order.
    """
    c: Columns = column.table.c
    first = _first_of_each(ids, query, column, after)
    # One more than the page has: the page's rows are newer than the last of these.
    kept = first.limit(bound("fetch") + 1).cte("leading")
    last = End(_last(kept))
    needed = select(kept.c.value).distinct().cte("needed")
    page = query.order_by(c.created_at.desc(), c.id.desc()).limit(bound("fetch"))
    parts = [for_each(needed, page.where(*span), column) for span in spans(c, after, last)]
    found = union_all(*(select(part.subquery(f"span_{n}")) for n, part in enumerate(parts)))
    rows = found.subquery("of_each")
    return select(rows).order_by(*newest(rows.c)).limit(bound("fetch"))


def _first_of_each(
    ids: CTE, query: Select[Any], column: ColumnElement[Any], after: After
) -> Select[Any]:
    """Select the keys of the first few of each: together twice as many as the page has."""
    c: Columns = column.table.c
    (value,) = ids.c
    count = select(func.count()).select_from(ids).correlate(None).scalar_subquery()
    few = func.least(2 * bound("fetch") // count, bound("fetch")) + 1
    # The last is in no index: for what an index has alone, it is read whole, and sorted.
    shown = (c.created_at, c.id.label("sort_id"), or_null(c, "recording_type"))
    keys = query.with_only_columns(*shown).where(column == value)
    if after is not After.TOP:
        keys = keys.where(comes_after(c.created_at, c.id, after))
    first = keys.order_by(c.created_at.desc(), c.id.desc()).limit(few).lateral("first")
    found = select(value.label("value"), first).select_from(ids.join(first, true()))
    return found.order_by(*newest(first.c))


def _last(leading: CTE) -> CTE:
    rows = leading.alias("last_leading")
    query = select(rows.c.created_at, rows.c.sort_id).order_by(*newest(rows.c))
    return query.offset(bound("fetch")).limit(1).cte("leading_end")
