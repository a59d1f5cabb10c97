"""An appointment with its pets: what a client asks before it records."""

from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    Text,
    bindparam,
    cast,
    func,
    literal,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB, aggregate_order_by

from petrec.api.access import Columns, Scope
from petrec.api.appointments.wire import AppointmentOut, PetOut
from petrec.api.entities import Entity
from petrec.api.http.errors import not_found
from petrec.api.http.ids import Ids
from petrec.api.pooled import Connection
from petrec.api.service import Caller, Clinic
from petrec.api.statements import Row, actor_values
from petrec.api.wire_columns import as_count, as_moment, as_text, or_null
from petrec.schema import Schema

_IDS = ("practice_id", "pet_owner_id", "assigned_vet_user_id")
_MOMENTS = ("appointment_date", "created_at", "updated_at")
_PLAIN = ("appointment_type", "status", "title", "description", "notes")


def read_appointment(
    connection: Connection, clinic: Clinic, caller: Caller, appointment: str
) -> AppointmentOut:
    """Return the appointment; errors: ApiError."""
    statement = clinic.statements.get(_query, caller.scope)
    values = actor_values(caller.actor) | {"appointment": appointment}
    row = statement.first(connection, values)
    if row is None:
        raise not_found(Entity.APPOINTMENT)
    return _out(clinic.ids, row)


def _query(schema: Schema, scope: Scope) -> Select[Any]:
    appointments = schema.appointments
    c = appointments.c
    columns: list[ColumnElement[Any]] = [
        cast(or_null(c, name), Text).label(name) for name in ("id", *_IDS)
    ]
    columns += [as_moment(or_null(c, name)).label(name) for name in _MOMENTS]
    columns += [as_text(or_null(c, name)).label(name) for name in _PLAIN]
    minutes = as_count(or_null(c, "duration_minutes"), seconds=60)
    columns.append(minutes.label("duration_minutes"))
    columns.append(_pets(schema, scope).label("pets"))
    query: Select[Any] = select(*columns)
    return query.where(c.id == bindparam("appointment"), scope.appointments(c))


def _pets(schema: Schema, scope: Scope) -> ColumnElement[Any]:
    """Return the appointment's pets that the caller may see, as one JSON array."""
    pets, links = schema.pets, schema.links
    pet = func.jsonb_build_object(
        "id", cast(pets.c.id, Text), *_named(pets.c, "name", "species", "breed")
    )
    ordered = func.jsonb_agg(aggregate_order_by(pet, or_null(pets.c, "name"), pets.c.id))
    # By itself SQLAlchemy correlates only with the next outer query, which has no appointments.
    mine = links.c.appointment_id == schema.appointments.c.id
    listed = select(links.c.pet_id).where(mine).correlate(schema.appointments)
    query = select(func.coalesce(ordered, cast(literal("[]", Text), JSONB))).where(
        pets.c.id.in_(listed), scope.pets(pets.c)
    )
    return query.correlate(schema.appointments).scalar_subquery()


def _named(c: Columns, *names: str) -> list[Any]:
    return [part for name in names for part in (name, as_text(or_null(c, name)))]


def _out(ids: Ids, row: Row) -> AppointmentOut:
    return {
        "id": ids.write(Entity.APPOINTMENT, row.id),
        "practice_id": ids.maybe(Entity.PRACTICE, row.practice_id),
        "pet_owner_id": ids.maybe(Entity.OWNER, row.pet_owner_id),
        "assigned_vet_user_id": ids.maybe(Entity.VET, row.assigned_vet_user_id),
        "appointment_date": row.appointment_date,
        "duration_minutes": row.duration_minutes,
        "appointment_type": row.appointment_type,
        "status": row.status,
        "title": row.title,
        "description": row.description,
        "notes": row.notes,
        "pets": [_pet(ids, pet) for pet in row.pets],
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }


def _pet(ids: Ids, pet: dict[str, Any]) -> PetOut:
    return {
        "id": ids.write(Entity.PET, pet["id"]),
        "name": pet["name"],
        "species": pet["species"],
        "breed": pet["breed"],
    }
