"""The one query behind a review: every doubtful recording as one JSON object."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    Text,
    and_,
    any_,
    bindparam,
    case,
    cast,
    func,
    null,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY, array
from sqlalchemy.sql.selectable import Subquery

from petrec.errors import UnsupportedServerError
from petrec.features.review import folds
from petrec.features.review.audio import audio_key
from petrec.features.review.clock import UTC, Clock
from petrec.features.review.context import case_context
from petrec.features.review.folds import as_text, has_day, pet_json
from petrec.features.review.scope import ALL, CaseScope
from petrec.features.review.state import state_sql
from petrec.features.runs.journal.keys import key_of
from petrec.rules import FINDINGS, Kind, Repair, judged, kind_column
from petrec.schema import Schema

REVIEWED = tuple(kind.id for kind in FINDINGS if kind.repair is Repair.REVIEW)
_NULL: ColumnElement[Any] = null()


def kinds_query(
    schema: Schema, kinds: Sequence[Kind], scope: CaseScope = ALL, *, audio: bool = False
) -> Select[Any]:
    """Select the recordings of some kinds within a scope, one kind after the other, by their ids.

    Their cases have the same columns: `needs_place` is the same for all of them.
    """
    observation = CaseQuery(schema, kinds[0], scope.clock)
    recording = observation.facts.recording
    observation.link_sound(asked=audio)
    wanted = scope.conditions(schema, recording, observation.here)
    names = array([kind.id for kind in kinds])
    query = observation.query().where(observation.kind == any_(names), *wanted)
    return query.order_by(func.array_position(names, observation.kind), recording.id)


def ids_query(schema: Schema, clock: Clock = UTC, *, audio: bool = False) -> Select[Any]:
    """Select recordings by id, the parameter `ids`, whatever their kind is now."""
    observation = CaseQuery(schema, None, clock)
    observation.link_sound(asked=audio)
    ids = bindparam("ids", type_=ARRAY(Text))
    wanted = cast(ids, ARRAY(schema.recordings.c.id.type))
    return observation.query().where(observation.facts.recording.id == any_(wanted))


class CaseQuery:
    """The joins that the observed values are read from; a kind needs only some of them.

    Errors: UnsupportedServerError.
    """

    def __init__(self, schema: Schema, kind: Kind | None, clock: Clock) -> None:
        if schema.layout.gathers_visits:
            raise UnsupportedServerError(
                "Citus has visits and recordings on different nodes: a review cannot show both",
                hint="SELECT create_reference_table('visits')",
            )
        self.schema = schema
        self.clock = clock
        self.facts = judged(schema)
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
        listed = folds.listed(self.schema, "listed")
        self._join(listed, listed.c.appointment_id == here)
        recorded = folds.recorded(self.schema)
        self._fold(recorded, "recorded", recorded.c.appointment_id == here)
        wanted: ColumnElement[Any] = array(
            [cast(self.recording.pet_id, Text), cast(visit_pet, Text)]
        )
        owned = folds.owned(self.schema)
        if owned is not None and self.schema.compares_owners:
            self._fold(owned, "owned", owned.c.owner_id == self.here.c.pet_owner_id)
            wanted = func.array_cat(wanted, owned.c.ids)
        crowded = listed.c.size > folds.MOST_PETS_OF_AN_APPOINTMENT
        some = folds.among(self.facts.linked_pets, wanted)
        if self.schema.filters_links:
            stored = folds.members(self.schema.tables.links, "stored")
            self._join(stored, stored.c.appointment_id == here)
            self.values["stored"] = folds.among(stored.c.ids, wanted)
        self.values |= {
            "listed": listed.c.pets,
            "linked": case((crowded, some), else_=listed.c.linked),
            "crowded": crowded,
        }

    def _day(self) -> None:
        if not has_day(self.schema.recordings, "created_at"):
            return
        day = self.clock.day(self.recording.created_at)
        around = folds.around(self.schema, self.clock, by_vet=False)
        if around is not None:
            self._fold(around, "around", around.c.day == day)
        if around is not None and folds.knows_vets(self.schema):
            mine = folds.around(self.schema, self.clock, by_vet=True)
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
        places = []
        for number, moment in enumerate(moments):
            fold = folds.elsewhere(self.schema, f"elsewhere_{number}", self.clock)
            if fold is not None:
                same_day = fold.c.day == self.clock.day(moment)
                self._join(fold, fold.c.pet_id == self.recording.pet_id, same_day)
                places.append(fold.c.places)
        self.values["elsewhere"] = func.json_build_array(*places)

    def _visit(self) -> ColumnElement[Any]:
        """Add the visit; returns the id of its pet."""
        visits = self.schema.visits
        if visits is None:
            return _NULL
        visit, pet = visits.alias("seen_visit"), self.schema.pets.alias("seen_pet")
        self._join(visit, visit.c.id == self.recording.visit_id)
        self._join(pet, pet.c.id == visit.c.pet_id)
        parts: list[Any] = [
            "pet", _if(pet.c.id, pet_json(self.schema, pet)),
            "pet_id", as_text(visit, "pet_id", None),
            "appointment", as_text(visit, "appointment_id", None),
        ]  # fmt: skip
        # Where recordings cannot be moved, another appointment of the visit is of no use.
        if "appointment_id" in visit.c and not self.schema.layout.unmoved:
            place = self.schema.appointments.alias("seen_place")
            listed = folds.members(self.schema.links, "seen_members")
            self._join(place, place.c.id == visit.c.appointment_id)
            self._join(listed, listed.c.appointment_id == visit.c.appointment_id)
            one = func.coalesce(pet.c.id, self.own.c.id)
            parts += [
                "appointment_exists", place.c.id.is_not(None),
                "owner", self._owner(place), "is_listed", one == any_(listed.c.ids),
            ]  # fmt: skip
            if self.schema.filters_links:
                stored = folds.members(self.schema.tables.links, "seen_stored")
                self._join(stored, stored.c.appointment_id == visit.c.appointment_id)
                parts += ["is_stored", one == any_(stored.c.ids)]
        self.values["visit"] = _if(visit.c.id, func.json_build_object(*parts))
        return cast(pet.c.id, Text)

    def _owner(self, place: FromClause) -> ColumnElement[Any]:
        return as_text(place, "pet_owner_id", None) if self.schema.compares_owners else _NULL

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
            "pet_id": cast(recording.pet_id, Text),
            "appointment": cast(recording.appointment_id, Text),
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
