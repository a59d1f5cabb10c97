"""The query of a page of recordings that have a pet, newest first, and of what is withheld.

Recordings that name an existing pet and recordings for which the evidence is certain are two
branches, each in order and limited, so that an index can end either early. Access is decided
inside, before the limit: a page is full while rows remain.
"""

from typing import Any

from sqlalchemy import (
    ARRAY,
    CTE,
    ColumnElement,
    Integer,
    Select,
    and_,
    any_,
    bindparam,
    cast,
    exists,
    func,
    or_,
    select,
    true,
    tuple_,
    union_all,
)

from petrec.api.access import Columns, Scope
from petrec.api.http.cursor import After
from petrec.api.recordings.shape import recording_columns, wire_recording
from petrec.api.wire_columns import as_position, comes_after
from petrec.rules import Lists, judged
from petrec.schema import Schema

Filters = frozenset[str]

# No more are counted for one page; the number is for people who look for lost recordings.
_COUNTED = 1000


def page_query(schema: Schema, scope: Scope, filters: Filters, after: After) -> Select[Any]:
    """Select `withheld` and the page's columns; one row of NULLs besides where there is none.

    Binds `limit`, `fetch` (one more), the filters' values, `after_at` and `after_id`.
    """
    parts = _Parts(schema, scope, filters, after)
    branches = union_all(parts.named(), parts.inferred()).subquery("branches")
    page = select(branches).order_by(*_newest(branches.c)).limit(_bound("fetch")).cte("page")
    withheld = parts.withheld(page).subquery("withheld")
    shown = wire_recording(page.c)
    position = as_position(page.c.created_at).label("position")
    joined = withheld.outerjoin(page, true())
    return (
        select(withheld.c.withheld, *shown, position).select_from(joined).order_by(*_newest(page.c))
    )


def of_visits_query(schema: Schema, scope: Scope) -> Select[Any]:
    """Select the newest recordings of each of some visits, newest first.

    Binds `visit_ids`, `each` (so many of a visit) and `fetch`, NULL: the branches have no limit.
    """
    parts = _Parts(schema, scope, frozenset({"visit_ids"}), After.TOP)
    branches = union_all(parts.named(), parts.inferred()).subquery("branches")
    c = branches.c
    place = func.row_number().over(partition_by=c.visit_id, order_by=_newest(c)).label("place")
    ranked = select(branches, place).subquery("ranked")
    return (
        select(*wire_recording(ranked.c))
        .where(ranked.c.place <= _bound("each"))
        .order_by(*_newest(ranked.c))
    )


class _Parts:
    """The branches; `c` is always the columns of recordings or of their facts."""

    def __init__(self, schema: Schema, scope: Scope, filters: Filters, after: After) -> None:
        self.schema, self.scope, self.filters, self.after = schema, scope, filters, after
        self.pets = schema.pets.alias("served_pet")

    def named(self) -> Select[Any]:
        """Select recordings that name an existing pet."""
        c: Columns = self.schema.recordings.c
        query = select(*recording_columns(c, c.pet_id))
        if self.scope.recordings is None and not self.filters:
            return self._pet_by_pet(query)
        query = query.where(c.pet_id.is_not(None), *self._wanted(c, c.pet_id))
        if not self.schema.proofs.recording_pets_exist and self.scope.recordings is not None:
            query = query.where(exists().where(self.pets.c.id == c.pet_id))
        return _limited(query, c.created_at, c.id)

    def _pet_by_pet(self, query: Select[Any]) -> Select[Any]:
        """Select for each visible pet in turn, to use an index on (pet_id, created_at, id)."""
        c = self.schema.recordings.c
        of_pet = query.where(c.pet_id == self.pets.c.id, *self._key(c))
        mine = _limited(of_pet, c.created_at, c.id).lateral("mine")
        visible = self.scope.pets(self.pets.c)
        found = select(mine).select_from(self.pets.join(mine, true())).where(visible)
        return found.order_by(*_newest(mine.c)).limit(_bound("fetch"))

    def inferred(self) -> Select[Any]:
        """Select recordings without a pet for which the evidence is certain."""
        facts = judged(self.schema, lists=Lists.PER_ROW)
        c = facts.recording
        query = select(*recording_columns(c, facts.certain_pet)).where(
            c.pet_id.is_(None),
            facts.certain_pet.is_not(None),
            *self._wanted(c, facts.certain_pet),
            *self._near_pets(c),
        )
        return _limited(query, c.created_at, c.id)

    def withheld(self, page: CTE) -> Select[Any]:
        """Count recordings between this page and the next whose pet is not certain."""
        facts = judged(self.schema, lists=Lists.PER_ROW)
        c = facts.recording
        last = _last(page)
        undecided = facts.certain_pet.is_(None)
        within = or_(last.c.sort_id.is_(None), _comes_before(c, last.c))
        found = (
            select(c.id)
            .select_from(facts.source.outerjoin(last, true()))
            .where(c.pet_id.is_(None), undecided, within, *self._key(c))
            .where(*self._filtered(c), *self._near_pets(c), *self._withheld_scope(c))
            .limit(_COUNTED)
        )
        return select(func.count().label("withheld")).select_from(found.subquery("undecided"))

    def _wanted(self, c: Columns, pet: ColumnElement[Any]) -> list[ColumnElement[bool]]:
        conditions = [*self._filtered(c), *self._key(c)]
        if "pet_id" in self.filters:
            conditions.append(pet == bindparam("pet_id"))
        if self.scope.recordings is not None:
            return [*conditions, self.scope.recordings(c)]
        pets = self.pets
        return [*conditions, exists().where(pets.c.id == pet, self.scope.pets(pets.c))]

    def _filtered(self, c: Columns) -> list[ColumnElement[bool]]:
        conditions: list[ColumnElement[bool]] = []
        if "appointment_id" in self.filters:
            conditions.append(c.appointment_id == bindparam("appointment_id"))
        if "visit_ids" in self.filters:
            kind = ARRAY(c.visit_id.type)
            conditions.append(c.visit_id == any_(cast(bindparam("visit_ids"), kind)))
        return conditions

    def _key(self, c: Columns) -> list[ColumnElement[bool]]:
        return [] if self.after is After.TOP else [comes_after(c.created_at, c.id, self.after)]

    def _near_pets(self, c: Columns) -> list[ColumnElement[bool]]:
        """Start from the pets' appointments and visits if the query starts from pets."""
        links, visits = self.schema.links, self.schema.visits
        if "pet_id" in self.filters:
            mine = select(self.pets.c.id).where(self.pets.c.id == bindparam("pet_id"))
        elif self.scope.recordings is None and not self.filters:
            mine = select(self.pets.c.id).where(self.scope.pets(self.pets.c))
        else:
            return []
        listed = select(links.c.appointment_id).where(links.c.pet_id.in_(mine))
        near = [_among(c.appointment_id, listed)]
        if visits is not None:
            seen = select(visits.c.id).where(visits.c.pet_id.in_(mine))
            near.append(_among(c.visit_id, seen))
        return [or_(*near)]

    def _withheld_scope(self, c: Columns) -> list[ColumnElement[bool]]:
        """Count what the caller would see if it had a pet, by its appointment."""
        if self.scope.everything:
            return []
        appointments = self.schema.appointments.alias("known_appointment")
        known = appointments.c.id == c.appointment_id
        return [exists().where(known, self.scope.appointments(appointments.c))]


def _comes_before(c: Columns, last: Columns) -> ColumnElement[bool]:
    """Return whether a row comes before the last of a page; those without a time lead."""
    leads = or_(last.created_at.is_not(None), c.id > last.sort_id)
    newer = tuple_(c.created_at, c.id) > tuple_(last.created_at, last.sort_id)
    return or_(newer, and_(c.created_at.is_(None), leads))


def _among(column: ColumnElement[Any], query: Select[Any]) -> ColumnElement[bool]:
    """Compare with a list that is built once, so that an index can be used."""
    return column == any_(func.array(query.scalar_subquery(), type_=ARRAY(column.type)))


def _last(page: CTE) -> Any:
    """The last row of this page, if there is a next page."""
    place = page.alias("place")
    rows = page.alias("rows")
    full = select(func.count()).select_from(rows).scalar_subquery() > _bound("limit")
    query = select(place.c.created_at, place.c.sort_id).where(full)
    return query.order_by(*_newest(place.c)).offset(_bound("limit") - 1).limit(1).subquery("last")


def _newest(c: Columns) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    return c.created_at.desc(), c.sort_id.desc()


def _limited(query: Select[Any], at: ColumnElement[Any], key: ColumnElement[Any]) -> Select[Any]:
    return query.order_by(at.desc(), key.desc()).limit(_bound("fetch"))


def _bound(name: str) -> ColumnElement[int]:
    return bindparam(name, type_=Integer)
