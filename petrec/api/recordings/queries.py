"""The query of a page of recordings that have a pet, newest first, and of what is withheld."""

from typing import Any

from sqlalchemy import (
    ARRAY,
    CTE,
    Select,
    Text,
    bindparam,
    cast,
    func,
    literal_column,
    null,
    select,
    true,
    union_all,
)

from petrec.api.access import Scope
from petrec.api.http.cursor import After
from petrec.api.recordings.branches import Branches, Filters
from petrec.api.recordings.each import bound, newest
from petrec.api.recordings.shape import recording_columns, wire_recording
from petrec.api.recordings.spans import End
from petrec.api.wire_columns import as_position
from petrec.schema import Schema

# A page looks at each of up to 500 appointments; of more, it reads the newest of all recordings.
IN_TURN = 500


def appointments_query(schema: Schema, scope: Scope) -> Select[Any]:
    """Select `are_many`: whether the caller sees more appointments than a page looks at in turn."""
    c = schema.appointments.c
    seen = select(c.id).where(scope.appointments(c)).limit(IN_TURN + 1).subquery("seen")
    are_many = func.count() > literal_column(str(IN_TURN))
    return select(are_many.label("are_many")).select_from(seen)


def named_query(schema: Schema, scope: Scope, filters: Filters, after: After) -> Select[Any]:
    """Select the page of the recordings that name a pet, and `unnamed`: whether others are near.

    Where there is none, one row of NULLs has `unnamed`. Without others this is the whole page, for
    which no rule is needed. Binds `fetch` (a row more than the page), the filters' values,
    `after_at` and `after_id`.
    """
    branches = Branches(schema, scope, filters, after)
    named = branches.named().cte("named")
    near = branches.unnamed(End(_place(named, "fetch").cte("named_end"))).label("unnamed")
    found = select(near).subquery("found")
    joined = found.outerjoin(named, true())
    position = as_position(named.c.created_at).label("position")
    shown = [found.c.unnamed, *wire_recording(named.c), position]
    return select(*shown).select_from(joined).order_by(*newest(named.c))


def page_query(schema: Schema, scope: Scope, filters: Filters, after: After) -> Select[Any]:
    """Select `withheld` and the page's columns; one row of NULLs besides where there is none.

    Of the recordings that name a pet, which the query before has read, there is only `nth`, their
    number in `named_at` and `named_ids`. Binds these, `limit`, and what that query binds.
    """
    branches = Branches(schema, scope, filters, after)
    named = _already_read(schema).cte("named")
    # Of the rows without a pet, only those newer than all named ones of the page can be on it.
    inferred = branches.inferred(End(_place(named, "fetch").cte("named_end"))).subquery("inferred")
    others = select(*inferred.c, null().label("nth"))
    both = union_all(select(named), others).subquery("branches")
    page = select(both).order_by(*newest(both.c)).limit(bound("fetch")).cte("page")
    withheld = branches.withheld(End(_last(page))).subquery("withheld")
    position = as_position(page.c.created_at).label("position")
    joined = withheld.outerjoin(page, true())
    shown = [withheld.c.withheld, *wire_recording(page.c), position, page.c.nth]
    # Else SQLAlchemy would compile the CTE inside the subquery that reads it first.
    return select(*shown).select_from(joined).order_by(*newest(page.c)).add_cte(page)


def _already_read(schema: Schema) -> Select[Any]:
    """Select the keys that are bound, with NULL for what the page needs no more."""
    c = schema.recordings.c
    texts = [cast(bindparam(name), ARRAY(Text)) for name in ("named_at", "named_ids")]
    unnested = func.unnest(*texts).table_valued("at", "id", with_ordinality="nth", name="keys")
    keys = unnested.render_derived()
    known = {
        "created_at": cast(keys.c.at, c.created_at.type),
        "sort_id": cast(keys.c.id, c.id.type),
    }
    columns = recording_columns(c, c.pet_id)
    values = [known.get(str(one.key), cast(null(), one.type)).label(one.key) for one in columns]
    return select(*values, keys.c.nth)


def of_visits_query(schema: Schema, scope: Scope) -> Select[Any]:
    """Select the newest recordings of each of some visits, newest first; `asked` is which visit.

    Binds `visit_ids`, `each` (so many of a visit) and `fetch`, NULL: the branches have no limit.
    """
    branches = Branches(schema, scope, frozenset({"visit_ids"}), After.TOP)
    named = branches.named().subquery("named")
    both = union_all(select(named), branches.inferred(None)).subquery("branches")
    c = both.c
    # A recording may write the id of its visit in another way.
    kind = schema.recordings.c.visit_id.type
    visits = cast(bindparam("visit_ids"), ARRAY(kind))
    asked = func.unnest(visits, type_=kind).column_valued("asked_visit")
    same = cast(c.visit_id, kind) == asked
    place = func.row_number().over(partition_by=asked, order_by=newest(c)).label("place")
    shown = (*both.c, cast(asked, Text).label("asked"), place)
    ranked = select(*shown).where(same).subquery("ranked")
    return (
        select(*wire_recording(ranked.c), ranked.c.asked)
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
