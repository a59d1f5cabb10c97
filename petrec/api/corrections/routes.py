"""Corrections: set the pet of a recording."""

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request, Response

from petrec.api.corrections.wire import RecordingPatch
from petrec.api.http.common import actor_dependency, add_route, answers, encoded, tagged_answer
from petrec.api.http.preconditions import MATCH_HEADER, match_of, tagged
from petrec.api.http.wire_fields import RecordingId
from petrec.api.ports import Actor
from petrec.api.recordings.routes import ONE
from petrec.api.recordings.wire import RecordingOut
from petrec.api.service import Service

if TYPE_CHECKING:
    from petrec.api.corrections.correct import Corrections


def add_corrections(router: APIRouter, service: Service, current_actor: Callable[..., Any]) -> None:
    """Add the endpoint."""
    caller_of = actor_dependency(current_actor)

    @cache
    def corrections() -> "Corrections":
        # What runs need is imported by the first correction, not by every host.
        from petrec.api.corrections.correct import Corrections  # noqa: PLC0415

        return Corrections(service)

    def patch_recording(
        request: Request, recording_id: RecordingId, body: RecordingPatch, actor: Actor = caller_of
    ) -> Response:
        """Set the pet of a recording, also of one that has none; it can be undone.

        The pet must be in the recording's appointment. With If-Match the recording must still be
        as it was read.
        """
        match = match_of(request, required=service.options.require_if_match)
        recording = corrections().correct(service.caller(actor), recording_id, body, match)
        return encoded(recording, headers=tagged(recording))

    add_route(
        router,
        ONE,
        patch_recording,
        methods=["PATCH"],
        tags=["recordings"],
        responses=tagged_answer(answers(400, 401, 403, 404, 409, 412, 428, 503, ok=RecordingOut)),
        openapi_extra={"parameters": [MATCH_HEADER]},
    )
