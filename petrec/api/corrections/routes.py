"""Corrections: set the pet of a recording."""

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request, Response

from petrec.api.http.common import actor_dependency, add_route, answers, encoded, tagged_answer
from petrec.api.http.preconditions import MATCH_HEADER, match_of, tagged
from petrec.api.http.wire_fields import RecordingId
from petrec.api.ports import Actor
from petrec.api.recordings.routes import ONE
from petrec.api.recordings.wire import RecordingOut, RecordingPatch
from petrec.api.service import Service
from petrec.errors import SettingsError

if TYPE_CHECKING:
    from petrec.api.corrections.correct import Corrections
    from petrec.api.corrections.delete import Deletions


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


def add_deletions(router: APIRouter, service: Service, current_actor: Callable[..., Any]) -> None:
    """Add the endpoint; errors: SettingsError for a store that deletes nothing."""
    caller_of = actor_dependency(current_actor)
    if not service.store.can_delete:
        raise SettingsError("deletions need a store with a method delete(key)")

    @cache
    def deletions() -> "Deletions":
        from petrec.api.corrections.delete import Deletions  # noqa: PLC0415 as above

        return Deletions(service)

    def delete_recording(
        request: Request, recording_id: RecordingId, actor: Actor = caller_of
    ) -> Response:
        """Delete a recording permanently: its row, petrec's journal of it, and its file."""
        match = match_of(request, required=service.options.require_if_match)
        deletions().delete(service.store, service.caller(actor), recording_id, match)
        return Response(status_code=204)

    add_route(
        router,
        ONE,
        delete_recording,
        methods=["DELETE"],
        status_code=204,
        tags=["recordings"],
        responses=answers(400, 401, 403, 404, 409, 412, 428, 503),
        openapi_extra={"parameters": [MATCH_HEADER]},
    )
