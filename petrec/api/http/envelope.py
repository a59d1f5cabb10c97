"""The route class: whatever goes wrong in a route becomes the envelope, and is noted."""

import logging
from collections import defaultdict
from collections.abc import Callable, Coroutine
from typing import Any

import psycopg
import sqlalchemy.exc
from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.types import Message, Receive, Send
from starlette.types import Scope as AsgiScope

from petrec.api.deadline import LeftBehind, TimeLimit
from petrec.api.http.driver_errors import describe, traceable
from petrec.api.http.errors import ApiError, internal, phrase_code, unavailable
from petrec.api.http.gate import LARGEST_BODY
from petrec.api.http.path_ids import IdRoute
from petrec.api.http.validation import from_validation
from petrec.errors import PetrecError, StorageUnavailableError
from petrec.postgres.errors import lost
from petrec.postgres.raised import is_raised

Handler = Callable[[Request], Coroutine[Any, Any, Response]]
Note = Callable[[Request, ApiError], None]

logger = logging.getLogger("petrec.api")

# Rare under READ COMMITTED; a client may retry.
_TRANSIENT = ("40001", "40P01", "55P03", "57014")
# A standby, or a former primary after a failover.
_READ_ONLY = "25006"
# A text or number that does not fit the column.
_TOO_LARGE = ("22001", "22003")


def envelope_route(note: Note, limit_s: float) -> type[APIRoute]:
    """Return a route class that answers every error with the envelope and notes each refusal.

    A request takes `limit_s` at most.
    """
    methods: defaultdict[str, set[str]] = defaultdict(set)
    left_behind = LeftBehind()

    class EnvelopeRoute(IdRoute):
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            methods[self.path].update(self.methods or ())

        def get_route_handler(self) -> Handler:
            handle = super().get_route_handler()
            what = "visits" if "visits" in self.tags else "recording uploads"

            async def enveloped(request: Request) -> Response:
                limit = TimeLimit(limit_s, left_behind)
                response = await _answered(handle, limit, note, request, what)
                # What one caller may see is not for a cache that others use.
                response.headers.setdefault("Cache-Control", "no-store")
                return response

            return enveloped

        async def handle(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
            try:
                await super().handle(scope, receive, send)
            except HTTPException as error:
                request = Request(scope, receive)
                response = await _refuse(note, request, _allowing(error, methods[self.path]))
                await response(scope, receive, send)

    return EnvelopeRoute


async def _answered(
    handle: Handler, limit: TimeLimit, note: Note, request: Request, what: str
) -> Response:
    try:
        _check_size(request)
        async with limit:
            return await handle(_limited(request))
    except RequestValidationError as error:
        return await _refuse(note, request, from_validation(error, what))
    except Exception as error:  # noqa: BLE001 a route's last resort
        return await _refuse(note, request, error)


def _allowing(error: HTTPException, methods: set[str]) -> HTTPException:
    """Name all methods of a path: each has its own route, but Starlette only finds the first."""
    if error.status_code != 405:
        return error
    return HTTPException(405, headers={"Allow": ", ".join(sorted(methods))})


async def _refuse(note: Note, request: Request, error: Exception) -> Response:
    refusal = to_api_error(error)
    request.scope["petrec_error_code"] = refusal.code
    if refusal.status >= 500:
        level = logging.ERROR if refusal.status == 500 else logging.WARNING
        known = {"error_code": refusal.code, "path": request.url.path}
        trace = traceable(error) if refusal.status == 500 else None
        logger.log(level, "Request failed", extra=known, exc_info=trace)
    else:
        note(request, refusal)
    return refusal.response()


def _check_size(request: Request) -> None:
    length = request.headers.get("content-length", "0")
    # Python refuses to convert thousands of digits.
    if not length.isdecimal() or len(length) > 20 or int(length) > LARGEST_BODY:
        raise _too_large()


def _too_large() -> ApiError:
    return ApiError(413, "body_too_large", "The body is too large", {"limit": LARGEST_BODY})


def _limited(request: Request) -> Request:
    """Return the request with its body counted while it is read, since it may be chunked."""
    received = 0

    async def receive() -> Message:
        nonlocal received
        message = await request.receive()
        received += len(message.get("body", b""))
        if received > LARGEST_BODY:
            raise HTTPException(413)
        return message

    return Request(request.scope, receive)


def to_api_error(error: Exception) -> ApiError:
    """Return an error as the client sees it; it repeats nothing of the request."""
    match error:
        case ApiError():
            return error
        case HTTPException():
            return _from_http(error)
        case sqlalchemy.exc.DBAPIError() if isinstance(error.orig, psycopg.Error):
            return _from_driver(error.orig)
        case psycopg.Error():
            return _from_driver(error)
        case sqlalchemy.exc.TimeoutError():
            return unavailable("database_busy", "The database is busy; try again")
        case StorageUnavailableError():
            return unavailable("storage_unavailable", "The object store cannot be reached")
        case PetrecError():
            logger.error("petrec.api does not work with this database: %s", error.reason)
            return unavailable("not_ready", "The service is not ready")
    return internal()


def _from_http(error: HTTPException) -> ApiError:
    if error.status_code == 413:
        return _too_large()
    code = phrase_code(error.status_code)
    headers = dict(error.headers or {})
    return ApiError(error.status_code, code, code.replace("_", " ").capitalize(), headers=headers)


def _from_driver(error: psycopg.Error) -> ApiError:
    state = error.sqlstate or ""
    if is_raised(error) and state not in _TRANSIENT:
        # A function may raise the SQLSTATE of a lost connection or of a value that is too long.
        logger.error("A function refused a row: %s", describe(error))
        return internal()
    if lost(error) or state.startswith("53"):
        return unavailable("database_unavailable", "The database cannot be reached")
    if state == _READ_ONLY:
        return unavailable("read_only", "The database takes no writes")
    if state in _TRANSIENT:
        return unavailable("database_busy", "The database is busy; try again")
    if state in _TOO_LARGE:
        return ApiError(400, "invalid_request", "A value does not fit the database")
    logger.error("The database refused a statement: %s", describe(error))
    if state == "42501":
        return unavailable("not_ready", "The service is not ready")
    return internal()
