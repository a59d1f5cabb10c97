"""The joins from which a review reads what is known of a recording, as one JSON object."""

from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    Text,
    and_,
    any_,
    case,
    cast,
    func,
    null,
    select,
)
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.sql.selectable import Subquery

from petrec.errors import UnsupportedServerError
from petrec.features.review import folds
from petrec.features.review.asked import Asked, Keys
from petrec.features.review.audio import audio_key
from petrec.features.review.clock import Clock
from petrec.features.review.context import case_context
from petrec.features.review.folds import has_day, pet_json
from petrec.features.review.state import state_sql
from petrec.features.runs.journal.keys import key_of
from petrec.rules import Kind, judged, kind_column
from petrec.schema import Schema, as_parent_writes
from petrec.schema.people import owner_of

_NULL: ColumnElement[Any] = null()


class CaseQuery:
    """The joins that the observed values are read from; a kind needs only some of them.

    Errors: UnsupportedServerError.
    """

    def __init__(self, schema: Schema, kind: Kind | None, clock: Clock, asked: Asked) -> None:
        if schema.layout.gathers_visits:
            raise UnsupportedServerError(
                "Citus has visits and recordings on different nodes: a review cannot show both",
                hint="SELECT create_reference_table('visits')",
            )
        self.schema = schema
        self.clock = clock
        self.asked = asked
        self.facts = judged(schema, lists=asked.lists)
        self.recording = self.facts.recording
        self.kind = kind_column(self.facts)
        self.here = schema.appointments.alias("here")
        self.own = schema.pets.alias("own")
        self.source: FromClause = self.facts.source
        self._join(self.here, self.here.c.id == self.recording.appointment_id)
        self._join(self.own, self.own.c.id == self.recording.pet_id)
        self.values: dict[str, ColumnElement[Any]] = {}
        visit_pet = self._visit()
        self._surroundings(visit_pet)
        if kind is None or kind.needs_place:
            self._day()
        if kind is None or not kind.needs_place:
            self._elsewhere()

    def _join(self, other: FromClause, *conditions: ColumnElement[bool]) -> None:
        self.source = self.source.outerjoin(other, and_(*conditions))

    def _fold(self, fold: Subquery | None, name: str, *conditions: ColumnElement[bool]) -> None:
        if fold is not None:
            self._join(fold, *conditions)
            self.values[name] = list(fold.c)[-1]

    def _surroundings(self, visit_pet: ColumnElement[Any]) -> None:
        here = self.recording.appointment_id
        places = self.asked.keys(lambda rows: rows.c.appointment_id)
        listed = folds.listed(self.schema, "listed", places)
        self._join(listed, listed.c.appointment_id == here)
        recorded = folds.recorded(self.schema, places)
        self._join(recorded, recorded.c.appointment_id == here)
        wanted: ColumnElement[Any] = array([self.own.c.id, visit_pet])
        owned = folds.owned(self.schema, self._owners())
        if owned is not None and self.schema.compares_owners:
            self._fold(owned, "owned", owned.c.owner_id == self.here.c.pet_owner_id)
            wanted = func.array_cat(wanted, owned.c.ids)
        crowded = listed.c.size > folds.MOST_PETS_OF_AN_APPOINTMENT
        some = folds.among(self.facts.linked_pets, wanted)
        if "appointment_pets" in self.schema.filtered:
            stored = folds.members(self.schema.tables.links, "stored", places)
            self._join(stored, stored.c.appointment_id == here)
            self.values["stored"] = folds.among(stored.c.ids, wanted)
        self.values |= {
            "recorded": folds.among(recorded.c.pets, listed.c.existing),
            "listed": listed.c.pets,
            "linked": case((crowded, some), else_=listed.c.linked),
            "crowded": crowded,
        }

    def _day(self) -> None:
        if not has_day(self.schema.recordings, "created_at"):
            return
        # A recording that has its pet may go elsewhere only with it.
        day = case((self.own.c.id.is_(None), self.clock.day(self.recording.created_at)))
        days = self.asked.keys(lambda rows: self.clock.day(rows.c.created_at))
        around = folds.around(self.schema, self.clock, by_vet=False, keys=days)
        if around is not None:
            self._fold(around, "around", around.c.day == day)
        if around is not None and folds.knows_vets(self.schema):
            mine = folds.around(self.schema, self.clock, by_vet=True, keys=days)
            assert mine is not None  # noqa: S101 - as `around`
            vet = mine.c.vet == self.recording.recorded_by_user_id
            self._fold(mine, "same_vet", mine.c.day == day, vet)

    def _elsewhere(self) -> None:
        """Select the appointments on the day of the recording and of its appointment."""
        moments = []
        if has_day(self.schema.recordings, "created_at"):
            moments.append(self.recording.created_at)
        if has_day(self.schema.appointments, "appointment_date"):
            moments.append(self.here.c.appointment_date)
        pets = self.asked.keys(lambda rows: rows.c.pet_id)
        places = []
        for number, moment in enumerate(moments):
            fold = folds.elsewhere(self.schema, f"elsewhere_{number}", self.clock, pets)
            if fold is not None:
                same_day = fold.c.day == self.clock.day(moment)
                self._join(fold, fold.c.pet_id == self.recording.pet_id, same_day)
                places.append(fold.c.places)
        self.values["elsewhere"] = func.json_build_array(*places)

    def _visit(self) -> ColumnElement[Any]:
        """Add the visit; returns the id of its pet."""
        visits = self.schema.visits
        if visits is None:
            return cast(_NULL, self.schema.pets.c.id.type)
        visit, pet = visits.alias("seen_visit"), self.schema.pets.alias("seen_pet")
        self._join(visit, visit.c.id == self.recording.visit_id)
        self._join(pet, pet.c.id == visit.c.pet_id)
        parts: list[Any] = [
            "pet", _if(pet.c.id, pet_json(self.schema, pet)),
            "pet_id", as_parent_writes(pet.c.id, visit.c.pet_id),
        ]  # fmt: skip
        named = visit.c.get("appointment_id", cast(_NULL, Text))
        written: ColumnElement[Any] = cast(named, Text)
        # Where recordings cannot be moved, another appointment of the visit is of no use.
        if "appointment_id" in visit.c and not self.schema.layout.unmoved:
            place = self.schema.appointments.alias("seen_place")
            places = self.asked.keys(lambda rows: rows.c.appointment_id, visits, "visit_id")
            listed = folds.members(self.schema.links, "seen_members", places)
            self._join(place, place.c.id == visit.c.appointment_id)
            self._join(listed, listed.c.appointment_id == visit.c.appointment_id)
            written = as_parent_writes(place.c.id, named)
            one = func.coalesce(pet.c.id, self.own.c.id)
            parts += [
                "appointment_exists", place.c.id.is_not(None),
                "owner", self._owner(place), "is_listed", one == any_(listed.c.ids),
            ]  # fmt: skip
            if "appointment_pets" in self.schema.filtered:
                stored = folds.members(self.schema.tables.links, "seen_stored", places)
                self._join(stored, stored.c.appointment_id == visit.c.appointment_id)
                parts += ["is_stored", one == any_(stored.c.ids)]
        if "appointment_id" in visit.c:
            same = named == self.recording.appointment_id
            written = case((same, self._appointment()), else_=written)
        parts += ["appointment", written]
        self.values["visit"] = _if(visit.c.id, func.json_build_object(*parts))
        return pet.c.id

    def _appointment(self) -> ColumnElement[str]:
        return as_parent_writes(self.here.c.id, self.recording.appointment_id)

    def _owners(self) -> Keys:
        if not self.schema.compares_owners:
            return None
        place = self.schema.appointments
        return self.asked.keys(lambda rows: rows.c.pet_owner_id, place, "appointment_id")

    def _owner(self, place: FromClause) -> ColumnElement[Any]:
        return (
            owner_of(self.schema, place, "pet_owner_id") if self.schema.compares_owners else _NULL
        )

    def _context(self) -> ColumnElement[Any]:
        known = case_context(self.schema, self.recording, self.here, self.clock)
        return func.json_build_object(*(part for pair in known for part in pair))

    def link_sound(self, *, asked: bool) -> None:
        """Read the key of the sound too, where it is asked for."""
        if asked:
            self.values["audio_key"] = audio_key(self.schema, self.recording)

    def query(self) -> Select[Any]:
        """Select one JSON object per recording."""
        facts, recording = self.facts, self.recording
        observed: dict[str, ColumnElement[Any]] = {
            "key": func.array_to_json(key_of(self.schema, recording)),
            "kind": self.kind,
            "state": state_sql(self.schema, facts),
            "pet_id": as_parent_writes(self.own.c.id, recording.pet_id),
            "appointment": self._appointment(),
            "appointment_exists": facts.appointment_exists,
            # An owner is useful only if there is another to compare with.
            "owner": self._owner(self.here),
            "own": _if(self.own.c.id, pet_json(self.schema, self.own)),
            "context": self._context(),
        }
        parts = [part for pair in (observed | self.values).items() for part in pair]
        return select(func.json_build_object(*parts)).select_from(self.source)


def _if(present: ColumnElement[Any], value: ColumnElement[Any]) -> ColumnElement[Any]:
    return case((present.is_not(None), value), else_=_NULL)
