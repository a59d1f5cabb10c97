"""One line for each request: method, path, status, time; never the query or a header."""

import logging
import re
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

logger = logging.getLogger("petrec.access")

_UNPRINTABLE = re.compile(r"[^\x21-\x7e]")


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
