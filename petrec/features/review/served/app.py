"""The routes of a served review: the page, and what its script asks."""

import html
import logging
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, TypeVar

import msgspec
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from petrec.errors import (
    ConnectionFailedError,
    PetrecError,
    RunHeldError,
    RunStoppedError,
    TimedOutError,
)
from petrec.features.review.case import Case
from petrec.features.review.served.answer import (
    DecideRequest,
    LookRequest,
    StandingDecision,
    UndoRequest,
    standing_of,
)
from petrec.features.review.served.guard import Guard
from petrec.features.review.served.presence import News
from petrec.features.review.served.shown import ServedPage
from petrec.features.review.served.sight import NotAnIdError

log = logging.getLogger("petrec.features.review")

_MOST_BYTES = 64 * 1024
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_ENTER = '<!doctype html><meta http-equiv="refresh" content="0;url=/"><title>petrec</title>'
_NO_ENTRY = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>petrec</title>'
    '<meta name="viewport" content="width=device-width"><h1>{title}</h1><p>{text}</p>'
)
_EXPLAINED = (
    "Open the address that petrec review serve has printed: it holds the key to this page. "
    "After a restart it is another one."
)

T = TypeVar("T")


class Looked(msgspec.Struct, frozen=True, omit_defaults=True):
    """The news; of the case that was opened, what has changed, and the decision that stands."""

    news: News
    case: Case | None = None
    standing: StandingDecision | None = None
    gone: bool = False


class Failure(msgspec.Struct, frozen=True):
    """Why nothing could be done now: a code for the page, and the reason."""

    problem: str
    reason: str


@dataclass(frozen=True)
class _Routes:
    page: ServedPage
    guard: Guard

    async def show(self, request: Request) -> Response:
        """Return the page; or with the token the cookie, and then the page."""
        if self.guard.fits(request.query_params.get("token", "")):
            # Not a redirect: after a click in another site's page, it would have no cookie yet.
            entered = HTMLResponse(_ENTER)
            self.guard.let_in(entered)
            return entered
        if not self.guard.is_known(request):
            return _no_entry("This page needs its key", _EXPLAINED, HTTPStatus.UNAUTHORIZED)
        try:
            return HTMLResponse(await run_in_threadpool(self.page.render))
        except PetrecError as error:
            log.warning("%s", error.reason)
            return _no_entry("The cases cannot be read now", error.reason, _UNAVAILABLE)

    async def no_icon(self, _: Request) -> Response:
        """Answer what browsers ask for by themselves."""
        return Response(status_code=HTTPStatus.NO_CONTENT)

    async def decide(self, request: Request) -> Response:
        """Write a decision."""
        return await self._answer(request, DecideRequest, self.page.desk.decide)

    async def undo(self, request: Request) -> Response:
        """Undo a decision."""
        return await self._answer(request, UndoRequest, self.page.desk.undo)

    async def look(self, request: Request) -> Response:
        """Note who looks at what; return what has changed."""
        return await self._answer(request, LookRequest, self._look)

    def _look(self, asked: LookRequest) -> Looked:
        desk = self.page.desk
        news = desk.presence.look(asked)
        if not asked.state:
            return Looked(news)
        sight = desk.look(asked.recording_id)
        stands = standing_of(sight.standing) if sight.standing else None
        changed = sight.case if sight.case and sight.case.state != asked.state else None
        return Looked(news, changed, stands, gone=sight.case is None and stands is None)

    async def _answer(
        self, request: Request, kind: type[T], work: Callable[[T], msgspec.Struct]
    ) -> Response:
        if not self.guard.is_known(request):
            return _json(Failure("key", _EXPLAINED), HTTPStatus.UNAUTHORIZED)
        if int(request.headers.get("content-length", _MOST_BYTES + 1)) > _MOST_BYTES:
            return _json(Failure("request", "too large"), HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        try:
            asked = msgspec.json.decode(await request.body(), type=kind)
        except (msgspec.MsgspecError, RecursionError) as error:
            return _json(Failure("request", str(error)), HTTPStatus.BAD_REQUEST)
        try:
            return _json(await run_in_threadpool(work, asked))
        except NotAnIdError as error:
            return _json(Failure("request", error.reason), HTTPStatus.BAD_REQUEST)
        except PetrecError as error:
            log.warning("%s", error.reason)
            return _json(Failure(_problem(error), error.reason), _UNAVAILABLE)


_UNAVAILABLE = HTTPStatus.SERVICE_UNAVAILABLE


def make_app(page: ServedPage, guard: Guard) -> Starlette:
    """Return the application of one page."""
    routes = _Routes(page, guard)
    app = Starlette(
        routes=[
            Route("/", routes.show),
            Route("/favicon.ico", routes.no_icon),
            Route("/decide", routes.decide, methods=["POST"]),
            Route("/undo", routes.undo, methods=["POST"]),
            Route("/look", routes.look, methods=["POST"]),
        ]
    )
    app.add_middleware(_Outer, guard=guard)
    return app


class _Outer:
    """Refuse other sites, and add the headers that every answer has."""

    def __init__(self, app: Any, guard: Guard) -> None:
        self.app = app
        self.guard = guard

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Pass a request on, unless the guard objects."""

        async def with_headers(message: Any) -> None:
            if message["type"] == "http.response.start":
                added = [(name.lower().encode(), text.encode()) for name, text in _HEADERS.items()]
                message["headers"] = [*message.get("headers", []), *added]
            await send(message)

        objection = self.guard.objection(Request(scope)) if scope["type"] == "http" else ""
        refused = _no_entry("Refused", objection, HTTPStatus.FORBIDDEN) if objection else None
        await (refused or self.app)(scope, receive, with_headers)


def _problem(error: PetrecError) -> str:
    if isinstance(error, RunHeldError):
        return "held"
    if isinstance(error, RunStoppedError | TimedOutError):
        return "locked"
    return "database" if isinstance(error, ConnectionFailedError) else "refused"


def _no_entry(title: str, text: str, status: HTTPStatus) -> HTMLResponse:
    shown = _NO_ENTRY.format(title=html.escape(title), text=html.escape(text))
    return HTMLResponse(shown, status)


def _json(value: msgspec.Struct, status: HTTPStatus = HTTPStatus.OK) -> Response:
    return Response(msgspec.json.encode(value), status, media_type="application/json")
