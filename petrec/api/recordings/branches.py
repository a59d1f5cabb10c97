"""Recordings that name an existing pet, those whose evidence is certain, and those withheld.

Each is in order and limited by itself, so that an index can end it early. Access is decided inside,
before the limit: a page is full while rows remain.
"""

from functools import cached_property
from typing import Any

from sqlalchemy import (
    ARRAY,
    CTE,
    ColumnElement,
    CompoundSelect,
    Select,
    Text,
    any_,
    bindparam,
    cast,
    exists,
    func,
    literal_column,
    select,
    union_all,
)

from petrec.api.access import Columns, Scope
from petrec.api.http.cursor import After
from petrec.api.recordings.each import bound, newest, newest_of_each
from petrec.api.recordings.near import NearAppointments, NearPets
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

    @property
    def by_appointment(self) -> bool:
        """Return whether the list is of all appointments that a caller sees, who has few."""
        return self.scope.recordings_by_appointment and self.filters <= {"status"}

    def named(self) -> Select[Any]:
        """Select recordings that name an existing pet."""
        c: Columns = self.schema.recordings.c
        query = select(*recording_columns(c, c.pet_id)).where(*self._filtered(c))
        if self.of_all_pets:
            return newest_of_each(self._asked_pets, query, c.pet_id, self.after)
        query = query.where(c.pet_id.is_not(None))
        if not self.schema.proofs.recording_pets_exist and self.scope.recordings is not None:
            query = query.where(exists().where(self.pets.c.id == c.pet_id))
        if self.by_appointment:
            return self._of_appointments(query, c)
        query = query.where(*self._key(c), *self._wanted(c, c.pet_id))
        return query.order_by(c.created_at.desc(), c.id.desc()).limit(bound("fetch"))

    def _of_appointments(self, query: Select[Any], c: Columns) -> Select[Any]:
        """Select for each visible appointment, and what has none."""
        placed = newest_of_each(self._appointments, query, c.appointment_id, self.after)
        alone = query.where(*self._key(c), *self._wanted(c, c.pet_id), c.appointment_id.is_(None))
        # It is NULL in all of them; without the condition, PostgreSQL would not use its index.
        ordered = alone.order_by(c.appointment_id.desc(), c.created_at.desc(), c.id.desc())
        parts = (placed.subquery("placed"), ordered.limit(bound("fetch")).subquery("alone"))
        both = union_all(*(select(part) for part in parts)).subquery("both")
        return select(both).order_by(*newest(both.c)).limit(bound("fetch"))

    def unnamed(self, end: End) -> ColumnElement[bool]:
        """Return whether any recording up to an end lacks its pet."""
        c: Columns = self.schema.recordings.alias("unnamed").c
        # In order: for one row in no order, a sequential scan looks cheap.
        first = self._newest_unnamed(select(c.id).where(*self._unnamed(c)), c).limit(1)
        if self.by_appointment:
            first = first.where(*self._wanted(c, c.pet_id))
        return exists(self._spanned(first, c, end))

    def inferred(self, end: End | None) -> CompoundSelect[Any]:
        """Select recordings without a pet for which the evidence is certain, up to an end."""
        facts = judged(self.schema, lists=Lists.PER_ROW)
        c, pet = facts.recording, facts.certain_pet
        wanted = [pet.is_not(None), *self._unnamed(c), *self._wanted(c, pet)]
        query = self._newest_unnamed(select(*recording_columns(c, pet)).where(*wanted), c)
        return self._spanned(query.limit(bound("fetch")), c, end)

    def _spanned(
        self, query: Select[Any], c: Columns, end: End | None, *, placed: bool = False
    ) -> CompoundSelect[Any]:
        """Select rows up to an end; those `placed` have an appointment."""
        parts = [query.where(*span) for span in spans(c, self.after, end)]
        if self.by_appointment:
            parts = NearAppointments(self._appointments, alone=not placed).found(parts, c)
        elif self.of_all_pets or "pet_id" in self.filters:
            parts = self._near_pets.found(parts, c)
        return union_all(*(select(part.subquery(f"part_{n}")) for n, part in enumerate(parts)))

    def _newest_unnamed(self, query: Select[Any], c: Columns) -> Select[Any]:
        """Order rows whose pets are all NULL as an index does.

        That is the one on (status, created_at, id) for a status of all recordings, else the one
        on (pet_id, created_at, id).
        """
        near = self.of_all_pets or self.by_appointment
        by_status = self.filters == {"status"} and not near
        leading = [] if by_status else [c.pet_id.desc()]
        return query.order_by(*leading, c.created_at.desc(), c.id.desc())

    def withheld(self, end: End) -> Select[Any]:
        """Count recordings up to an end whose pet is not certain."""
        facts = judged(self.schema, lists=Lists.PER_ROW)
        c = facts.recording
        wanted = [facts.certain_pet.is_(None), *self._unnamed(c), *self._withheld_scope(c)]
        query = self._newest_unnamed(select(c.id).where(*wanted), c).limit(_COUNTED)
        found = self._spanned(query, c, end, placed=not self.scope.everything).subquery("undecided")
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

    # Named parts of a statement, each of which is one wherever it is used.
    @cached_property
    def _near_pets(self) -> NearPets:
        return NearPets(self.schema, self._asked_pets)

    @cached_property
    def _asked_pets(self) -> CTE:
        c, asked = self.pets.c, "pet_id" in self.filters
        wanted = c.id == bindparam("pet_id") if asked else self.scope.pets(c)
        return select(c.id).where(wanted).cte("asked_pets")

    @cached_property
    def _appointments(self) -> CTE:
        c = self.schema.appointments.c
        return select(c.id).where(self.scope.appointments(c)).cte("own_appointments")

    def _withheld_scope(self, c: Columns) -> Conditions:
        """Count what the caller would see if it had a pet, by its appointment."""
        if self.scope.everything:
            return []
        appointments = self.schema.appointments.alias("known_appointment")
        known = appointments.c.id == c.appointment_id
        return [exists().where(known, self.scope.appointments(appointments.c))]
