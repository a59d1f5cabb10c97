"""Recordings that name an existing pet, those whose evidence is certain, and those withheld.

Each is in order and limited by itself, so that an index can end it early. Access is decided inside,
before the limit: a page is full while rows remain.
"""

from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    CompoundSelect,
    Integer,
    Select,
    Text,
    any_,
    bindparam,
    cast,
    exists,
    func,
    literal_column,
    select,
    true,
    union_all,
)

from petrec.api.access import Columns, Scope
from petrec.api.http.cursor import After
from petrec.api.recordings.near import near
from petrec.api.recordings.shape import recording_columns
from petrec.api.recordings.spans import Conditions, End, spans
from petrec.api.wire_columns import comes_after, has_status
from petrec.rules import Lists, judged
from petrec.schema import Schema, UploadState

Filters = frozenset[str]

# No more are counted for one page; the number is for people who look for lost recordings.
_COUNTED = 1000


class Branches:
    """The branches; `c` is always the columns of recordings or of their facts."""

    def __init__(self, schema: Schema, scope: Scope, filters: Filters, after: After) -> None:
        self.schema, self.scope, self.filters, self.after = schema, scope, filters, after
        self.pets = schema.pets.alias("served_pet")

    @property
    def of_all_pets(self) -> bool:
        """Return whether the list is of all pets that a caller sees who sees recordings by pet."""
        return self.scope.recordings is None and self.filters <= {"status"}

    def named(self) -> Select[Any]:
        """Select recordings that name an existing pet."""
        c: Columns = self.schema.recordings.c
        query = select(*recording_columns(c, c.pet_id))
        if self.of_all_pets:
            return self._pet_by_pet(query)
        wanted = [*self._filtered(c), *self._key(c), *self._wanted(c, c.pet_id)]
        query = query.where(c.pet_id.is_not(None), *wanted)
        if not self.schema.proofs.recording_pets_exist and self.scope.recordings is not None:
            query = query.where(exists().where(self.pets.c.id == c.pet_id))
        return query.order_by(c.created_at.desc(), c.id.desc()).limit(bound("fetch"))

    def _pet_by_pet(self, query: Select[Any]) -> Select[Any]:
        """Select for each visible pet in turn, to use an index on (pet_id, created_at, id)."""
        c = self.schema.recordings.c
        of_pet = query.where(c.pet_id == self.pets.c.id, *self._key(c), *self._filtered(c))
        ordered = of_pet.order_by(c.created_at.desc(), c.id.desc()).limit(bound("fetch"))
        mine = ordered.lateral("mine")
        visible = self.scope.pets(self.pets.c)
        found = select(mine).select_from(self.pets.join(mine, true())).where(visible)
        return found.order_by(*newest(mine.c)).limit(bound("fetch"))

    def unnamed(self, end: End) -> ColumnElement[bool]:
        """Return whether any recording up to an end lacks its pet."""
        c: Columns = self.schema.recordings.alias("unnamed").c
        # In order: for one row in no order, a sequential scan looks cheap.
        first = self._newest_unnamed(select(c.id).where(*self._unnamed(c)), c).limit(1)
        return exists(self._spanned(first, c, end))

    def inferred(self, end: End | None) -> CompoundSelect[Any]:
        """Select recordings without a pet for which the evidence is certain, up to an end."""
        facts = judged(self.schema, lists=Lists.PER_ROW)
        c, pet = facts.recording, facts.certain_pet
        wanted = [pet.is_not(None), *self._unnamed(c), *self._wanted(c, pet)]
        query = self._newest_unnamed(select(*recording_columns(c, pet)).where(*wanted), c)
        return self._spanned(query.limit(bound("fetch")), c, end)

    def _spanned(self, query: Select[Any], c: Columns, end: End | None) -> CompoundSelect[Any]:
        parts = [query.where(*span) for span in spans(c, self.after, end)]
        if (pets := self._asked_pets()) is not None:
            parts = near(self.schema, pets, parts, c)
        return union_all(*(select(part.subquery(f"part_{n}")) for n, part in enumerate(parts)))

    def _newest_unnamed(self, query: Select[Any], c: Columns) -> Select[Any]:
        """Order rows whose pets are all NULL as an index does.

        That is the one on (status, created_at, id) for a status of all recordings, else the one
        on (pet_id, created_at, id).
        """
        by_status = self.filters == {"status"} and not self.of_all_pets
        leading = [] if by_status else [c.pet_id.desc()]
        return query.order_by(*leading, c.created_at.desc(), c.id.desc())

    def withheld(self, end: End) -> Select[Any]:
        """Count recordings up to an end whose pet is not certain."""
        facts = judged(self.schema, lists=Lists.PER_ROW)
        c = facts.recording
        wanted = [facts.certain_pet.is_(None), *self._unnamed(c), *self._withheld_scope(c)]
        query = self._newest_unnamed(select(c.id).where(*wanted), c).limit(_COUNTED)
        found = self._spanned(query, c, end).subquery("undecided")
        counted = select(found).limit(_COUNTED).subquery("counted")
        return select(func.count().label("withheld")).select_from(counted)

    def _unnamed(self, c: Columns) -> Conditions:
        return [c.pet_id.is_(None), *self._filtered(c)]

    def _wanted(self, c: Columns, pet: ColumnElement[Any]) -> Conditions:
        chosen = [pet == bindparam("pet_id")] if "pet_id" in self.filters else []
        if self.scope.recordings is not None:
            return [*chosen, self.scope.recordings(c)]
        pets = self.pets
        return [*chosen, exists().where(pets.c.id == pet, self.scope.pets(pets.c))]

    def _filtered(self, c: Columns) -> Conditions:
        if "recording" in self.filters:
            return [c.id == bindparam("recording")]
        # What waits for its file has nothing to listen to, and null where a client expects a value.
        pending: ColumnElement[str] = literal_column(f"'{UploadState.PENDING}'")
        arrived = cast(c.status, Text).is_distinct_from(pending)
        conditions: Conditions = [has_status(c) if "status" in self.filters else arrived]
        if "appointment_id" in self.filters:
            conditions.append(c.appointment_id == bindparam("appointment_id"))
        if "visit_ids" in self.filters:
            kind = ARRAY(c.visit_id.type)
            conditions.append(c.visit_id == any_(cast(bindparam("visit_ids"), kind)))
        return conditions

    def _key(self, c: Columns) -> Conditions:
        return [] if self.after is After.TOP else [comes_after(c.created_at, c.id, self.after)]

    def _asked_pets(self) -> Select[Any] | None:
        """Return the pets whose recordings are wanted, if the query starts from pets."""
        c = self.pets.c
        if "pet_id" in self.filters:
            return select(c.id).where(c.id == bindparam("pet_id"))
        return select(c.id).where(self.scope.pets(c)) if self.of_all_pets else None

    def _withheld_scope(self, c: Columns) -> Conditions:
        """Count what the caller would see if it had a pet, by its appointment."""
        if self.scope.everything:
            return []
        appointments = self.schema.appointments.alias("known_appointment")
        known = appointments.c.id == c.appointment_id
        return [exists().where(known, self.scope.appointments(appointments.c))]


def newest(c: Columns) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    """Return the order of a page, of a subquery of `recording_columns`."""
    return c.created_at.desc(), c.sort_id.desc()


def bound(name: str) -> ColumnElement[int]:
    """Return a number that is passed with each run."""
    return bindparam(name, type_=Integer)
