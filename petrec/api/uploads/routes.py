"""Uploads: initiate, another form, complete, cancel."""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Request, Response

from petrec.api.http.common import actor_dependency, add_route, answers, encoded, refusals
from petrec.api.http.wire_fields import RecordingId
from petrec.api.ports import Actor
from petrec.api.service import Service
from petrec.api.uploads.complete import complete
from petrec.api.uploads.idempotency import KEY_HEADER, given_key
from petrec.api.uploads.initiate import initiate
from petrec.api.uploads.pending import cancel, new_form
from petrec.api.uploads.wire import (
    CancelOut,
    CompleteIn,
    CompleteOut,
    InitiateOut,
    initiate_body,
)
from petrec.errors import SettingsError


def add_uploads(router: APIRouter, service: Service, current_actor: Callable[..., Any]) -> None:
    """Add the endpoints."""
    if service.options.checksums and not service.store.takes_sha256:
        raise SettingsError("checksums need a store whose presign_post takes a sha256")
    body_type: Any = initiate_body(service.options)
    caller_of = actor_dependency(current_actor)

    def initiate_upload(request: Request, body: body_type, actor: Actor = caller_of) -> Response:
        """Start the upload of a recording of a pet in an appointment."""
        key = given_key(request.headers.get(KEY_HEADER["name"]))
        return encoded(initiate(service, service.caller(actor), body, key))

    def complete_upload(
        recording_id: RecordingId, body: CompleteIn, actor: Actor = caller_of
    ) -> Response:
        """Complete the upload: the stored file is checked, and listeners are notified once."""
        return encoded(complete(service, service.caller(actor), recording_id, body))

    def renew_upload(recording_id: RecordingId, actor: Actor = caller_of) -> Response:
        """Return a new form for a pending upload, such as one whose form has expired."""
        return encoded(new_form(service, service.caller(actor), recording_id))

    def cancel_upload(recording_id: RecordingId, actor: Actor = caller_of) -> Response:
        """End a pending upload without a file: its recording stays, as failed."""
        return encoded(cancel(service, service.caller(actor), recording_id))

    add_route(
        router,
        "/recordings/upload/initiate",
        initiate_upload,
        methods=["POST"],
        tags=["recordings"],
        responses=refusals(answers(400, 401, 403, 404, 409, 503, ok=InitiateOut)),
        openapi_extra={"parameters": [KEY_HEADER]},
    )
    add_route(
        router,
        "/recordings/upload/complete/{recording_id:petrec_id}",
        complete_upload,
        methods=["POST"],
        tags=["recordings"],
        responses=answers(400, 401, 403, 404, 409, 503, ok=CompleteOut),
    )
    for word, endpoint, out in (
        ("form", renew_upload, InitiateOut),
        ("cancel", cancel_upload, CancelOut),
    ):
        add_route(
            router,
            f"/recordings/upload/{word}/{{recording_id:petrec_id}}",
            endpoint,
            methods=["POST"],
            tags=["recordings"],
            responses=answers(400, 401, 403, 404, 409, 503, ok=out),
        )
