"""Recordings: list, read, listen."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from petrec.api.entities import Entity
from petrec.api.http.common import (
    WITHHELD_HEADER,
    CursorText,
    Limit,
    actor_dependency,
    add_route,
    answers,
    encoded,
    page_headers,
    paged,
    tagged_answer,
)
from petrec.api.http.preconditions import tagged
from petrec.api.http.wire_fields import AppointmentId, PetId, RecordingId, ShortText
from petrec.api.ports import Actor
from petrec.api.recordings.detail import read_audio, read_recording
from petrec.api.recordings.listing import list_recordings
from petrec.api.recordings.wire import AudioOut, RecordingOut
from petrec.api.service import Service

StatusText = Annotated[ShortText | None, Query(description="Only recordings of this status")]

ONE = "/recordings/{recording_id:petrec_id}"
_AUDIO = f"{ONE}/audio"


def add_recordings(router: APIRouter, service: Service, current_actor: Callable[..., Any]) -> None:
    """Add the endpoints."""
    caller_of = actor_dependency(current_actor)

    def get_recordings(  # noqa: PLR0913, PLR0917 each is a parameter of the query
        request: Request,
        appointment_id: AppointmentId | None = None,
        pet_id: PetId | None = None,
        status: StatusText = None,
        limit: Limit = 50,
        cursor: CursorText = None,
        actor: Actor = caller_of,
    ) -> Response:
        """Return a page of recordings, newest first, each with its pet.

        Without `status` these are all but the pending ones, whose file has not arrived.
        `X-Next-Cursor` leads to the next page, as does the `Link` header. `X-Petrec-Withheld`
        counts recordings of this page's span whose pet is not certain: they are not shown.
        """
        filters = {Entity.APPOINTMENT: appointment_id, Entity.PET: pet_id}
        page = list_recordings(service, service.caller(actor), filters, limit, cursor, status)
        headers = page_headers(request, page.next) | {WITHHELD_HEADER: str(page.withheld)}
        return encoded(page.recordings, headers=headers)

    def get_recording(recording_id: RecordingId, actor: Actor = caller_of) -> Response:
        """Return a recording with its pet; one whose pet is not certain is not found."""
        recording = read_recording(service, service.caller(actor), recording_id)
        return encoded(recording, headers=tagged(recording))

    def get_audio(recording_id: RecordingId, actor: Actor = caller_of) -> Response:
        """Return an address to listen to a recording, valid for `expires_in` seconds."""
        return encoded(read_audio(service, service.caller(actor), recording_id))

    add_route(
        router,
        "/recordings/",
        get_recordings,
        methods=["GET"],
        tags=["recordings"],
        responses=paged(
            answers(400, 401, 403, 404, 503, ok=list[RecordingOut]),
            {WITHHELD_HEADER: "Number of recordings in the range of this page that are not shown"},
        ),
    )
    for path, endpoint, responses in (
        (_AUDIO, get_audio, answers(400, 401, 403, 404, 409, 503, ok=AudioOut)),
        (ONE, get_recording, tagged_answer(answers(400, 401, 403, 404, 503, ok=RecordingOut))),
    ):
        options = {"methods": ["GET"], "tags": ["recordings"]}
        add_route(router, path, endpoint, responses=responses, **options)
