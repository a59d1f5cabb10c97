"""What all routes share: the caller, both forms of a path, documented responses, encoding."""

from collections.abc import Callable, Mapping
from functools import wraps
from inspect import iscoroutinefunction
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Query, Request, Response

from petrec.api.deadline import at_work
from petrec.api.http.errors import ErrorOut, not_authenticated
from petrec.api.http.examples import BY_TYPE, REFUSALS
from petrec.api.ports import Actor

CURSOR_HEADER = "X-Next-Cursor"
WITHHELD_HEADER = "X-Petrec-Withheld"

Limit = Annotated[
    int,
    Query(ge=1, le=200, description="Rows of a page", json_schema_extra={"format": "int32"}),
]
CursorText = Annotated[
    str | None,
    Query(
        min_length=1,
        max_length=4_000,
        pattern="^[A-Za-z0-9_-]+$",
        description=f"From {CURSOR_HEADER}",
    ),
]

_ERRORS = {
    400: "The request is not valid",
    401: "The caller is not authenticated",
    403: "The caller may not do this",
    404: "There is no such object, or none that the caller may see",
    409: "This does not fit the current state",
    412: "The state is not the one that If-Match names",
    413: "The body is too large",
    428: "If-Match is required",
    503: "Try again later",
    504: "The request took too long",
}


def actor_dependency(current_actor: Callable[..., Any]) -> Any:
    """Wrap the host's dependency so that a refused request can be noted with its user."""

    async def noted(
        request: Request, actor: Annotated[Actor | None, Depends(current_actor)]
    ) -> Actor:
        if actor is None:
            raise not_authenticated()
        request.state.petrec_user = actor.user_id
        return actor

    return Depends(noted)


def encoded(content: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return a JSON response."""
    body = msgspec.json.encode(content)
    media_type = "application/json"
    return Response(body, status, headers=dict(headers or {}), media_type=media_type)


def page_headers(request: Request, cursor: str | None) -> dict[str, str]:
    """Return the headers that lead to the next page, if there is one."""
    if cursor is None:
        return {}
    following = request.url.include_query_params(cursor=cursor)
    # Relative to the request: behind a proxy, its original scheme and host are unknown here,
    # and a client that followed http would send its token in the clear.
    return {CURSOR_HEADER: cursor, "Link": f'<?{following.query}>; rel="next"'}


def answers(*errors: int, **success: Any) -> dict[int | str, dict[str, Any]]:
    """Return a route's documented responses: `ok=` or `created=` a type, then error statuses.

    413 is one of them everywhere: any request may announce a body. What needs the database may
    take too long.
    """
    found: dict[int | str, dict[str, Any]] = {
        {"ok": 200, "created": 201}[name]: _documented(model, example=BY_TYPE.get(model))
        for name, model in success.items()
        if model is not None
    }
    late = {504} if 503 in errors else set()
    for status in sorted({*errors, *late, 413}):
        found[status] = {"model": ErrorOut, "description": _ERRORS[status]}
    # FastAPI would announce a 422 of its own otherwise, which is never sent.
    found["default"] = {"model": ErrorOut, "description": "Any other error, in the same form"}
    return found


def tagged_answer(responses: dict[int | str, dict[str, Any]]) -> Any:
    """Add the ETag to the documented responses."""
    header = {"description": "For If-Match, of this state", "schema": {"type": "string"}}
    responses[200]["headers"] = {"ETag": header}
    return responses


def paged(responses: dict[int | str, dict[str, Any]], more: Mapping[str, str] | None = None) -> Any:
    """Add the headers of a page to the documented responses, with more where there are."""
    described = {CURSOR_HEADER: "Where the next page starts, if there is one", **(more or {})}
    shown = {n: {"description": t, "schema": {"type": "string"}} for n, t in described.items()}
    responses[200]["headers"] = shown
    return responses


def refusals(responses: dict[int | str, dict[str, Any]]) -> Any:
    """Add the examples of refused uploads."""
    shown = {name: {"value": value} for name, value in REFUSALS.items()}
    responses[400] = _documented(ErrorOut, examples=shown) | {"description": _ERRORS[400]}
    return responses


def _documented(model: Any, **example: Any) -> dict[str, Any]:
    shown = {name: value for name, value in example.items() if value is not None}
    return {"model": model, "content": {"application/json": shown}} if shown else {"model": model}


def _working(endpoint: Callable[..., Any]) -> Callable[..., Any]:
    """Return the endpoint so that a thread in which it is stuck is counted."""
    if iscoroutinefunction(endpoint):
        return endpoint

    @wraps(endpoint)
    def run(*given: Any, **named: Any) -> Any:
        with at_work():
            return endpoint(*given, **named)

    return run


def add_route(router: APIRouter, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
    """Add a route under the documented path and under its other slash form, without redirects."""
    endpoint = _working(endpoint)
    other = path[:-1] if path.endswith("/") else f"{path}/"
    router.add_api_route(
        path, endpoint, response_class=Response, operation_id=endpoint.__name__, **options
    )
    # What is not in the document needs no answers there.
    options = {**options, "include_in_schema": False, "responses": None}
    router.add_api_route(other, endpoint, response_class=Response, **options)
