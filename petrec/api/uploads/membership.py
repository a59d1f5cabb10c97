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
    false,
    func,
    select,
)

from petrec.api.access import Scope
from petrec.api.entities import Entity
from petrec.api.http.errors import ApiError, conflict, denied, not_found
from petrec.api.pooled import Connection
from petrec.api.service import Caller, Clinic
from petrec.api.statements import actor_values
from petrec.api.uploads.new_recording import Association
from petrec.rules.agreement import visit_contradicts_sql
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
    if with_visit and not row.visit_visible:
        return not_found(Entity.VISIT)
    if not row.is_member or not row.pet_exists:
        return _not_in_appointment(clinic, caller, wanted, row.valid)
    if not row.pet_visible:
        return denied("Access denied to pet records")
    if row.contradicts:
        return visit_differs(clinic, wanted)
    return conflict("try_again", "The appointment changed in the meantime; try again")


def member(schema: Schema) -> CTE:
    """Select the link of pet and appointment, locked until the transaction ends."""
    links = schema.links
    this = links.c.appointment_id == bindparam("appointment_id")
    query = select(links.c.pet_id).where(this, links.c.pet_id == bindparam("pet_id")).limit(1)
    return query.with_for_update(read=True, key_share=True).cte("member")


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
    """Select what the reason depends on; ids are compared by their types, not as texts."""
    appointments, pets, links = schema.appointments, schema.pets, schema.links
    pet: ColumnElement[Any] = bindparam("pet_id")
    appointment: ColumnElement[Any] = bindparam("appointment_id")
    this_appointment, this_pet = appointments.c.id == appointment, pets.c.id == pet
    this_link = (links.c.appointment_id == appointment, links.c.pet_id == pet)
    visible, contradicts = _visit(schema, scope, with_visit)
    columns = {
        "appointment_visible": exists().where(this_appointment, scope.appointments(appointments.c)),
        "pet_exists": exists().where(this_pet),
        "pet_visible": exists().where(this_pet, scope.pets(pets.c)),
        "is_member": exists().where(*this_link),
        "valid": _pets(schema, scope),
        "visit_visible": visible,
        "contradicts": contradicts,
    }
    return select(*(column.label(name) for name, column in columns.items()))


def _pets(schema: Schema, scope: Scope) -> ColumnElement[Any]:
    """Return the appointment's pets that the caller may see."""
    pets, links = schema.pets, schema.links
    listed = select(links.c.pet_id).where(links.c.appointment_id == bindparam("appointment_id"))
    query = select(cast(pets.c.id, Text)).where(pets.c.id.in_(listed), scope.pets(pets.c))
    return func.array(query.order_by(pets.c.id).scalar_subquery(), type_=ARRAY(Text))


def _visit(
    schema: Schema, scope: Scope, with_visit: bool
) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Return whether the caller may see the visit, and whether it contradicts the association."""
    visits = schema.visits
    if visits is None or not with_visit:
        return false(), false()
    seen = (visits.c.id == bindparam("visit_id"), scope.visits(visits.c))
    differs = visit_contradicts_sql(visits, bindparam("pet_id"), bindparam("appointment_id"))
    return exists().where(*seen), exists().where(*seen, differs)
