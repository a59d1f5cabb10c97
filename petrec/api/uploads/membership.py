"""Why a pet, an appointment and a visit do not fit together, by the rules."""

import logging
from typing import Any

from sqlalchemy import (
    ARRAY,
    CTE,
    ColumnElement,
    Select,
    Text,
    bindparam,
    cast,
    exists,
    func,
    null,
    select,
    true,
)

from petrec.api.access import Predicate, Scope
from petrec.api.entities import Entity
from petrec.api.http.errors import ApiError, conflict, denied, not_found
from petrec.api.pooled import Connection
from petrec.api.service import Caller, Clinic
from petrec.api.statements import Row, actor_values
from petrec.api.uploads.new_recording import Association
from petrec.rules.facts import Facts, VisitFacts
from petrec.rules.kinds.visit_conflict import VISIT_CONFLICT
from petrec.rules.registry import classify
from petrec.schema import Schema

logger = logging.getLogger("petrec.api")


def explain(
    connection: Connection, clinic: Clinic, caller: Caller, wanted: Association
) -> ApiError:
    """Return the reason, as the caller may see it; `try_again` if there is no longer one."""
    with_visit = wanted.visit_id is not None
    statement = clinic.statements.get(_situation, caller.scope, with_visit)
    row = statement.rows(connection, actor_values(caller.actor) | vars(wanted))[0]
    if not row.appointment_visible:
        return not_found(Entity.APPOINTMENT)
    if with_visit and row.visit_id is None:
        return not_found(Entity.VISIT)
    if wanted.pet_id not in row.linked or not row.pet_exists:
        return _not_in_appointment(clinic, caller, wanted, row.valid)
    if not row.pet_visible:
        return denied("Access denied to pet records")
    if classify(_facts(row, wanted)) is VISIT_CONFLICT:
        return visit_differs(clinic, wanted)
    return conflict("try_again", "The appointment changed in the meantime; try again")


def member(schema: Schema) -> CTE:
    """Select the link of pet and appointment, locked until the transaction ends."""
    links = schema.links
    this = links.c.appointment_id == bindparam("appointment_id")
    query = select(links.c.pet_id).where(this, links.c.pet_id == bindparam("pet_id")).limit(1)
    return query.with_for_update(read=True, key_share=True).cte("member")


def _facts(row: Row, wanted: Association) -> Facts:
    linked = frozenset(row.linked)
    visit = VisitFacts(row.visit_pet, row.visit_appointment, pet_exists=True)
    return Facts(
        pet_id=wanted.pet_id,
        appointment_id=wanted.appointment_id,
        pet_exists=row.pet_exists,
        appointment_exists=True,
        linked=linked,
        known=linked,
        visit=visit if row.visit_id is not None else None,
    )


def _not_in_appointment(
    clinic: Clinic, caller: Caller, wanted: Association, valid: list[str]
) -> ApiError:
    details = {
        "pet_id": clinic.ids.write(Entity.PET, wanted.pet_id),
        "appointment_id": clinic.ids.write(Entity.APPOINTMENT, wanted.appointment_id),
        "valid_pet_ids": [clinic.ids.write(Entity.PET, one) for one in valid],
    }
    known = {**details, "user_id": clinic.ids.write(Entity.USER, caller.actor.user_id)}
    logger.warning("Pet-appointment validation failed", extra=known)
    message = "Pet is not associated with this appointment"
    return ApiError(400, "pet_not_in_appointment", message, details)


def visit_differs(clinic: Clinic, wanted: Association) -> ApiError:
    """Return that the visit is of another pet or appointment."""
    details = {
        "visit_id": clinic.ids.maybe(Entity.VISIT, wanted.visit_id),
        "pet_id": clinic.ids.write(Entity.PET, wanted.pet_id),
        "appointment_id": clinic.ids.write(Entity.APPOINTMENT, wanted.appointment_id),
    }
    message = "The visit belongs to another pet or appointment"
    return ApiError(400, "visit_conflict", message, details)


def _situation(schema: Schema, scope: Scope, with_visit: bool) -> Select[Any]:
    appointments, pets = schema.appointments, schema.pets
    this_appointment = appointments.c.id == bindparam("appointment_id")
    this_pet = pets.c.id == bindparam("pet_id")
    columns = [
        exists().where(this_appointment, scope.appointments(appointments.c)),
        exists().where(this_pet),
        exists().where(this_pet, scope.pets(pets.c)),
        _pets(schema, lambda _: true()),
        _pets(schema, scope.pets),
    ]
    names = ("appointment_visible", "pet_exists", "pet_visible", "linked", "valid")
    query = select(*(c.label(n) for c, n in zip(columns, names, strict=True)))
    return _with_visit(query, schema, scope, with_visit)


def _pets(schema: Schema, predicate: Predicate) -> ColumnElement[Any]:
    pets, links = schema.pets, schema.links
    listed = select(links.c.pet_id).where(links.c.appointment_id == bindparam("appointment_id"))
    query = select(cast(pets.c.id, Text)).where(pets.c.id.in_(listed), predicate(pets.c))
    return func.array(query.order_by(pets.c.id).scalar_subquery(), type_=ARRAY(Text))


def _with_visit(query: Select[Any], schema: Schema, scope: Scope, with_visit: bool) -> Select[Any]:
    visits = schema.visits
    if visits is None or not with_visit:
        return query.add_columns(
            *(cast(null(), Text).label(n) for n in ("visit_id", "visit_pet", "visit_appointment"))
        )
    seen = select(visits).where(
        visits.c.id == bindparam("visit_id"), scope.visits(visits.c)
    ).subquery("seen")  # fmt: skip
    appointment = seen.c.get("appointment_id", cast(null(), Text))
    return (
        query.select_from(select(1).subquery("one").outerjoin(seen, true()))
        .add_columns(cast(seen.c.id, Text).label("visit_id"))
        .add_columns(cast(seen.c.pet_id, Text).label("visit_pet"))
        .add_columns(cast(appointment, Text).label("visit_appointment"))
    )
