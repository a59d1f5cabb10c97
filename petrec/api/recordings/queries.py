"""The query of a page of recordings that have a pet, newest first, and of what is withheld."""

from typing import Any

from sqlalchemy import CTE, Select, func, select, true, union_all

from petrec.api.access import Scope
from petrec.api.http.cursor import After
from petrec.api.recordings.branches import Branches, Filters, bound, newest
from petrec.api.recordings.shape import wire_recording
from petrec.api.recordings.spans import End
from petrec.api.wire_columns import as_position
from petrec.schema import Schema


def page_query(schema: Schema, scope: Scope, filters: Filters, after: After) -> Select[Any]:
    """Select `withheld` and the page's columns; one row of NULLs besides where there is none.

    Binds `limit`, `fetch` (one more), the filters' values, `after_at` and `after_id`.
    """
    branches = Branches(schema, scope, filters, after)
    named = branches.named().cte("named")
    # Of the rows without a pet, only those newer than all named ones of the page can be on it.
    inferred = branches.inferred(End(_place(named, "fetch").cte("named_end")))
    both = union_all(select(named), inferred).subquery("branches")
    page = select(both).order_by(*newest(both.c)).limit(bound("fetch")).cte("page")
    withheld = branches.withheld(End(_last(page))).subquery("withheld")
    shown = wire_recording(page.c)
    position = as_position(page.c.created_at).label("position")
    joined = withheld.outerjoin(page, true())
    return (
        select(withheld.c.withheld, *shown, position).select_from(joined).order_by(*newest(page.c))
    )


def of_visits_query(schema: Schema, scope: Scope) -> Select[Any]:
    """Select the newest recordings of each of some visits, newest first.

    Binds `visit_ids`, `each` (so many of a visit) and `fetch`, NULL: the branches have no limit.
    """
    branches = Branches(schema, scope, frozenset({"visit_ids"}), After.TOP)
    named = branches.named().subquery("named")
    both = union_all(select(named), branches.inferred(None)).subquery("branches")
    c = both.c
    place = func.row_number().over(partition_by=c.visit_id, order_by=newest(c)).label("place")
    ranked = select(both, place).subquery("ranked")
    return (
        select(*wire_recording(ranked.c))
        .where(ranked.c.place <= bound("each"))
        .order_by(*newest(ranked.c))
    )


def _last(page: CTE) -> CTE:
    """Select the last row of this page, if there is a next page."""
    rows = page.alias("rows")
    full = select(func.count()).select_from(rows).scalar_subquery() > bound("limit")
    return _place(page, "limit").where(full).cte("page_end")


def _place(rows: CTE, number: str) -> Select[Any]:
    """Select the row at a place that is bound, counted from one."""
    placed = rows.alias(f"at_{number}")
    query = select(placed.c.created_at, placed.c.sort_id).order_by(*newest(placed.c))
    return query.offset(bound(number) - 1).limit(1)
