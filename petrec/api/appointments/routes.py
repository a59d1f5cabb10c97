"""Appointments."""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Response

from petrec.api.appointments.detail import read_appointment
from petrec.api.appointments.wire import AppointmentOut
from petrec.api.entities import Entity
from petrec.api.http.common import actor_dependency, add_route, answers, encoded
from petrec.api.http.wire_fields import AppointmentId
from petrec.api.ports import Actor
from petrec.api.service import Service


def add_appointments(
    router: APIRouter, service: Service, current_actor: Callable[..., Any]
) -> None:
    """Add the detail."""
    caller_of = actor_dependency(current_actor)

    def get_appointment(appointment_id: AppointmentId, actor: Actor = caller_of) -> Response:
        """Return an appointment with its pets."""
        clinic, caller = service.clinic, service.caller(actor)
        appointment = clinic.ids.parse(Entity.APPOINTMENT, appointment_id, "appointment_id")
        with service.database.reading() as connection:
            found = read_appointment(connection, clinic, caller, appointment)
        return encoded(found)

    add_route(
        router,
        "/appointments/{appointment_id:petrec_id}",
        get_appointment,
        methods=["GET"],
        tags=["appointments"],
        responses=answers(400, 401, 403, 404, 503, ok=AppointmentOut),
    )
