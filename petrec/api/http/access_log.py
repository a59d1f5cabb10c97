"""One line for each request: method, path, status, time; never the query or a header."""

import logging
import re
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

logger = logging.getLogger("petrec.access")

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_UNPRINTABLE = re.compile(r"[^\x21-\x7e]")


def method_and_route(scope: Scope, other: str) -> tuple[str, str]:
    """Return a request's method and the template of its route, or `other` for what is neither.

    There are few of both, and none has an id in it.
    """
    method = scope["method"] if scope["method"] in _METHODS else other
    # The template as documents have it, without its convertors.
    return method, getattr(scope.get("route"), "path_format", other)


class AccessLog:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and log how it ended."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status, start = 500, time.monotonic()

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, watched)
        finally:
            path = _UNPRINTABLE.sub("?", scope["path"])[:300]
            spent = (time.monotonic() - start) * 1000
            method = scope["method"][:16]
            known = {"method": method, "path": path, "status": status, "spent_ms": round(spent, 1)}
            logger.info("%s %s %d %.1f ms", *known.values(), extra=known)
