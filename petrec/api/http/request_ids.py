"""One id for all that is said of a request: taken from the client, or made, and returned."""

import re
import uuid
from contextvars import ContextVar

from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADER = "X-Request-ID"
_HEADER = HEADER.lower().encode()
_FITS = re.compile(rb"[A-Za-z0-9._:/+=-]{1,128}")
_current: ContextVar[str | None] = ContextVar("petrec_request_id", default=None)


def request_id() -> str | None:
    """Return the id of the request that this code works for, None outside of one."""
    return _current.get()


class RequestIds:
    """ASGI middleware: reads X-Request-ID, or makes an id, and returns it with the response."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on under its id."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = next((value for name, value in scope["headers"] if name == _HEADER), b"")
        known = given if _FITS.fullmatch(given) else uuid.uuid4().hex.encode()

        async def answering(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (_HEADER, known)]
            await send(message)

        token = _current.set(known.decode())
        try:
            await self.app(scope, receive, answering)
        finally:
            _current.reset(token)
