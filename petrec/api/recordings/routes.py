"""The list of recordings."""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Request, Response

from petrec.api.entities import Entity
from petrec.api.http.common import (
    CursorText,
    Limit,
    actor_dependency,
    add_route,
    answers,
    encoded,
    page_headers,
    paged,
)
from petrec.api.http.wire_fields import AppointmentId, PetId
from petrec.api.ports import Actor
from petrec.api.recordings.listing import list_recordings
from petrec.api.recordings.wire import RecordingOut
from petrec.api.service import Service


def add_recordings(router: APIRouter, service: Service, current_actor: Callable[..., Any]) -> None:
    """Add the list."""
    caller_of = actor_dependency(current_actor)

    def get_recordings(
        request: Request,
        appointment_id: AppointmentId | None = None,
        pet_id: PetId | None = None,
        limit: Limit = 50,
        cursor: CursorText = None,
        actor: Actor = caller_of,
    ) -> Response:
        """Return a page of recordings, newest first, each with its pet.

        `X-Next-Cursor` leads to the next page, as does the `Link` header. `X-Petrec-Withheld`
        counts recordings of this page's span whose pet is not certain: they are not shown.
        """
        filters = {Entity.APPOINTMENT: appointment_id, Entity.PET: pet_id}
        page = list_recordings(service, service.caller(actor), filters, limit, cursor)
        headers = page_headers(request, page.next) | {"X-Petrec-Withheld": str(page.withheld)}
        return encoded(page.recordings, headers=headers)

    add_route(
        router,
        "/recordings/",
        get_recordings,
        methods=["GET"],
        tags=["recordings"],
        responses=paged(
            answers(400, 401, 403, 404, 503, ok=list[RecordingOut]),
            X_Petrec_Withheld="Number of recordings in the range of this page that are not shown",
        ),
    )
