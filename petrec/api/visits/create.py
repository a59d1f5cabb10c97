"""Creating a visit: the pet must be in the appointment as the row is made."""

from typing import Any

import psycopg
from sqlalchemy import Insert, bindparam, exists, insert, literal, select

from petrec.api.access import Scope
from petrec.api.authors import refuses_author
from petrec.api.entities import Entity
from petrec.api.http.errors import denied, invalid, not_found
from petrec.api.service import Caller, Clinic, Service
from petrec.api.statements import actor_values
from petrec.api.uploads.membership import explain, member
from petrec.api.uploads.new_ids import new_id
from petrec.api.uploads.new_recording import Association
from petrec.api.visits.table import stored_visits, visit_columns, visit_out, visits_table
from petrec.api.visits.wire import VisitIn, VisitOut
from petrec.api.wire_columns import as_column
from petrec.schema import Schema

_CLINICAL = ("chief_complaint", "diagnosis", "treatment_plan", "notes")
_WRITTEN = (
    *("id", "pet_id", "appointment_id", "visit_date", "visit_type", "status"),
    *_CLINICAL,
    *("follow_up_required", "follow_up_date", "created_by", "created_at", "updated_at"),
)


def create_visit(service: Service, caller: Caller, body: VisitIn) -> VisitOut:
    """Insert the visit; errors: ApiError."""
    clinic = service.clinic
    table = visits_table(clinic.schema)
    if not caller.scope.writes_visits:
        raise denied("This account cannot write visits")
    values = _values(service, caller, body)
    placed = values["appointment_id"] is not None
    if placed and "appointment_id" not in table.c:
        raise invalid("appointment_id", "this clinic's visits have no appointment")
    statement = clinic.statements.get(_insert, caller.scope, placed)
    try:
        with service.database.writing() as connection:
            row = statement.first(connection, values)
            lost = row is None and placed
            reason = explain(connection, clinic, caller, _association(values)) if lost else None
    except psycopg.IntegrityError as error:
        raise _refusal(service, caller, values, error) from error
    if row is None:
        raise reason or not_found(Entity.PET)
    return visit_out(clinic.ids, row)


def _values(service: Service, caller: Caller, body: VisitIn) -> dict[str, Any]:
    clinic: Clinic = service.clinic
    ids, now = clinic.ids, service.options.clock().replace(microsecond=0)
    given = body.appointment_id
    return actor_values(caller.actor) | {
        "id": new_id(service.database, clinic, Entity.VISIT),
        "pet_id": ids.parse(Entity.PET, body.pet_id, "pet_id"),
        "appointment_id": given and ids.parse(Entity.APPOINTMENT, given, "appointment_id"),
        "visit_date": body.visit_date or now,
        "visit_type": body.visit_type,
        "status": body.status or "in_progress",
        **{name: getattr(body, name) for name in _CLINICAL},
        "follow_up_required": bool(body.follow_up_required),
        "follow_up_date": body.follow_up_date,
        "created_by": caller.actor.user_id,
        "created_at": now,
        "updated_at": now,
    }


def _association(values: dict[str, Any]) -> Association:
    return Association(values["pet_id"], values["appointment_id"])


def _refusal(
    service: Service, caller: Caller, values: dict[str, Any], error: psycopg.IntegrityError
) -> Exception:
    """Return why a constraint refused the row; the error where the request does not explain it."""
    with service.database.writing() as connection:
        if values["appointment_id"] is not None:
            reason = explain(connection, service.clinic, caller, _association(values))
            if reason.code != "try_again":
                return reason
        author = stored_visits(service.clinic.schema).c.get("created_by")
        unknown = refuses_author(connection, service.clinic, caller, author, error)
    return denied("This account cannot write visits") if unknown else error


def _insert(schema: Schema, scope: Scope, placed: bool) -> Insert:
    table = stored_visits(schema)
    appointments, pets = schema.appointments, schema.pets
    columns = [table.c[name] for name in _WRITTEN if name in table.c]
    source: Any = member(schema) if placed else select(literal(1)).subquery("one")
    values = select(*(as_column(c, c.key) for c in columns)).select_from(source)
    values = values.where(exists().where(pets.c.id == bindparam("pet_id"), scope.pets(pets.c)))
    if placed:
        this = appointments.c.id == bindparam("appointment_id")
        values = values.where(exists().where(this, scope.appointments(appointments.c)))
    return insert(table).from_select(columns, values).returning(*visit_columns(table.c))
