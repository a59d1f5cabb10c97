"""Visits: create, list, read, update, delete."""

from collections.abc import Callable
from functools import partial
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
    tagged_answer,
)
from petrec.api.http.preconditions import MATCH_HEADER, match_of, tagged
from petrec.api.http.wire_fields import AppointmentId, PetId, VisitId
from petrec.api.ports import Actor
from petrec.api.service import Service
from petrec.api.visits.change import delete_visit, update_visit
from petrec.api.visits.create import create_visit
from petrec.api.visits.read import list_visits, read_visit
from petrec.api.visits.wire import VisitIn, VisitOut, VisitPatch

_MANY, _ONE = "/visits/", "/visits/{visit_id:petrec_id}"


def add_visits(router: APIRouter, service: Service, current_actor: Callable[..., Any]) -> None:
    """Add the endpoints."""
    caller_of = actor_dependency(current_actor)
    required = service.options.require_if_match

    def post_visit(body: VisitIn, actor: Actor = caller_of) -> Response:
        """Create a visit of a pet, in an appointment or without one."""
        visit = create_visit(service, service.caller(actor), body)
        return encoded(visit, 201, headers=tagged(visit))

    def get_visits(
        request: Request,
        pet_id: PetId | None = None,
        appointment_id: AppointmentId | None = None,
        limit: Limit = 50,
        cursor: CursorText = None,
        actor: Actor = caller_of,
    ) -> Response:
        """Return a page of visits, latest first, each with its recordings."""
        filters = {Entity.PET: pet_id, Entity.APPOINTMENT: appointment_id}
        page = list_visits(service, service.caller(actor), filters, limit, cursor)
        return encoded(page.visits, headers=page_headers(request, page.next))

    def get_visit(visit_id: VisitId, actor: Actor = caller_of) -> Response:
        """Return a visit with its recordings."""
        visit = read_visit(service, service.caller(actor), visit_id)
        return encoded(visit, headers=tagged(visit))

    def patch_visit(
        request: Request, visit_id: VisitId, body: VisitPatch, actor: Actor = caller_of
    ) -> Response:
        """Change a visit; with If-Match only if it is still as it was read."""
        match = match_of(request, required=required)
        visit = update_visit(service, service.caller(actor), visit_id, body, match)
        return encoded(visit, headers=tagged(visit))

    def remove_visit(request: Request, visit_id: VisitId, actor: Actor = caller_of) -> Response:
        """Delete a visit that has no recordings."""
        match = match_of(request, required=required)
        delete_visit(service, service.caller(actor), visit_id, match)
        return Response(status_code=204)

    add = partial(_add, router)
    add(_MANY, get_visits, "GET", 404, ok=list[VisitOut])
    add(_MANY, post_visit, "POST", 404, 409, created=VisitOut)
    add(_ONE, get_visit, "GET", 404, ok=VisitOut)
    add(_ONE, patch_visit, "PATCH", 404, 409, 412, 428, ok=VisitOut)
    add(_ONE, remove_visit, "DELETE", 404, 409, 412, 428, deleted=None)


def _add(
    router: APIRouter,
    path: str,
    endpoint: Callable[..., Any],
    method: str,
    *errors: int,
    **ok: Any,
) -> None:
    status = {"created": 201, "deleted": 204}.get(next(iter(ok)), 200)
    options: dict[str, Any] = {"methods": [method], "tags": ["visits"], "status_code": status}
    responses = answers(400, 401, 403, *errors, 503, **ok)
    if ok.get("ok") == list[VisitOut]:
        paged(responses)
    elif ok.get("ok") == VisitOut:
        tagged_answer(responses)
    if 412 in errors:
        options["openapi_extra"] = {"parameters": [MATCH_HEADER]}
    add_route(router, path, endpoint, responses=responses, **options)
