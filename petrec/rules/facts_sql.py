"""What is known about one recording, as SQL expressions; twin of `facts`.

The pets of an appointment are folded into one array per appointment. Parents are looked up only
for rows that could dangle where a validated foreign key vouches for the rest.
"""

from typing import Any

from sqlalchemy import (
    ARRAY,
    Column,
    ColumnElement,
    FromClause,
    Table,
    and_,
    any_,
    case,
    cast,
    distinct,
    exists,
    false,
    func,
    null,
    or_,
    select,
    true,
)
from sqlalchemy.sql.selectable import Subquery

from petrec.schema import Schema

_NULL: ColumnElement[Any] = null()


class FactColumns:
    """The facts of each row of `source`; boolean facts are never NULL.

    `source` is a subquery with one row per recording: `recording` has the recording's own columns.
    `certain_pet` and `strategy` are there once `judge.judged` has weighed the evidence.
    """

    def __init__(self, source: Subquery) -> None:
        """Name the columns of a subquery that `observed` or `judge.judged` built."""
        self.source = source
        self.recording = source.c
        self.has_pet: ColumnElement[bool] = source.c.petrec_has_pet
        self.pet_exists: ColumnElement[bool] = source.c.petrec_pet_exists
        self.has_appointment: ColumnElement[bool] = source.c.petrec_has_appointment
        self.appointment_exists: ColumnElement[bool] = source.c.petrec_appointment_exists
        self.linked_pets: ColumnElement[Any] = source.c.petrec_linked_pets
        self.linked: ColumnElement[int] = source.c.petrec_linked
        self.known: ColumnElement[int] = source.c.petrec_known
        self.pet_linked: ColumnElement[bool] = source.c.petrec_pet_linked
        self.visit_differs: ColumnElement[bool] = source.c.petrec_visit_differs
        self.visit_pet: ColumnElement[Any] = source.c.petrec_visit_pet
        self.visit_pet_exists: ColumnElement[bool] = source.c.petrec_visit_pet_exists
        self.certain_pet: ColumnElement[Any] = source.c.get("petrec_certain_pet", _NULL)
        self.strategy: ColumnElement[str] = source.c.get("petrec_strategy", _NULL)

    @property
    def grounded(self) -> ColumnElement[bool]:
        """The appointment named, if any, exists."""
        return or_(~self.has_appointment, self.appointment_exists)

    @property
    def placed(self) -> ColumnElement[bool]:
        """The pet exists and was in the appointment, if there is one."""
        in_appointment = and_(self.appointment_exists, self.pet_linked)
        return and_(self.has_pet, self.pet_exists, or_(~self.has_appointment, in_appointment))


def observed(schema: Schema, *extra: ColumnElement[Any], per_row: bool = False) -> FactColumns:
    """Build the plain facts of every recording; see `judge.judged` for the parameters."""
    recordings, visits = schema.recordings, schema.visits
    fold = _fold(schema, per_row=per_row)
    joined = true() if per_row else fold.c.appointment_id == recordings.c.appointment_id
    source: FromClause = recordings.outerjoin(fold, joined)
    if visits is not None:
        source = source.outerjoin(visits, visits.c.id == recordings.c.visit_id)
    pet_linked = func.coalesce(recordings.c.pet_id == any_(fold.c.pets), false())
    appointment_exists = _appointment_exists(schema, fold)
    facts = {
        "has_pet": recordings.c.pet_id.is_not(None),
        "pet_exists": _pet_exists(schema, pet_linked),
        "has_appointment": recordings.c.appointment_id.is_not(None),
        "appointment_exists": appointment_exists,
        "linked_pets": fold.c.pets,
        "linked": func.coalesce(func.cardinality(fold.c.pets), 0),
        "known": func.coalesce(fold.c.known, 0),
        "pet_linked": pet_linked,
        "visit_differs": _visit_differs(schema, fold, appointment_exists),
        "visit_pet": _nothing(schema) if visits is None else visits.c.pet_id,
        "visit_pet_exists": _visit_pet_exists(schema),
    }
    labelled = [fact.label(f"petrec_{name}") for name, fact in facts.items()]
    query = select(*recordings.c, *extra, *labelled).select_from(source)
    return FactColumns(query.subquery("facts"))


def _nothing(schema: Schema) -> ColumnElement[Any]:
    """Return a NULL of the pets' type."""
    return cast(null(), schema.pets.c.id.type)


def _fold(schema: Schema, *, per_row: bool) -> FromClause:
    """One row per appointment: the array of its pets and how many of them exist."""
    links, pets, proofs = schema.links, schema.pets, schema.proofs
    pet = links.c.pet_id if proofs.links_unique else distinct(links.c.pet_id)
    source: FromClause = links
    known: ColumnElement[int] = func.count(pet)
    if not proofs.link_pets_exist:
        source = links.outerjoin(pets, pets.c.id == links.c.pet_id)
        known = func.count(distinct(pets.c.id))
    array = func.array_agg(pet, type_=ARRAY(links.c.pet_id.type)).label("pets")
    query = select(links.c.appointment_id, array, known.label("known")).select_from(source)
    query = query.where(links.c.pet_id.is_not(None)).group_by(links.c.appointment_id)
    if not per_row:
        return query.subquery("fold")
    mine = links.c.appointment_id == schema.recordings.c.appointment_id
    return query.where(mine).correlate(schema.recordings).lateral("fold")


def _found(reference: Column[Any], parent: Table) -> ColumnElement[bool]:
    """Say whether the row that `reference` names is in `parent`."""
    query = select(1).where(parent.c.id == reference)
    return exists(query.correlate(reference.table))


def _pet_exists(schema: Schema, pet_linked: ColumnElement[bool]) -> ColumnElement[bool]:
    reference, proofs = schema.recordings.c.pet_id, schema.proofs
    if proofs.recording_pets_exist:
        return reference.is_not(None)
    found = _found(reference, schema.pets)
    return case((pet_linked, true()), else_=found) if proofs.link_pets_exist else found


def _appointment_exists(schema: Schema, fold: FromClause) -> ColumnElement[bool]:
    reference, proofs = schema.recordings.c.appointment_id, schema.proofs
    if proofs.recording_appointments_exist:
        return reference.is_not(None)
    found = _found(reference, schema.appointments)
    if not proofs.link_appointments_exist:
        return found
    return case((fold.c.pets.is_not(None), true()), else_=found)


def _visit_pet_exists(schema: Schema) -> ColumnElement[bool]:
    if schema.visits is None:
        return false()
    pet = schema.visits.c.pet_id
    return pet.is_not(None) if schema.proofs.visit_pets_exist else _found(pet, schema.pets)


def _visit_differs(
    schema: Schema, fold: FromClause, appointment_exists: ColumnElement[bool]
) -> ColumnElement[bool]:
    """The visit contradicts the recording or its appointment; a comparison with NULL does not."""
    recordings, visits = schema.recordings, schema.visits
    if visits is None:
        return false()
    pet = visits.c.pet_id
    linked = func.coalesce(pet == any_(fold.c.pets), false())
    outside = and_(recordings.c.pet_id.is_(None), pet.is_not(None), appointment_exists, ~linked)
    reasons = [pet != recordings.c.pet_id, outside]
    if "appointment_id" in visits.c:
        reasons.append(visits.c.appointment_id != recordings.c.appointment_id)
    return func.coalesce(or_(*reasons), false())
