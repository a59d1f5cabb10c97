"""How many requests run at once, how many wait, and how long a body may take to arrive."""

import asyncio
from collections import deque
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from petrec.api.http.errors import ApiError, unavailable

LARGEST_BODY = 64 * 1024
# What asks whether the process runs and serves, under the prefix that the router has by default.
PROBES = ("/api/v1/health", "/api/v1/live", "/api/v1/ready")


@dataclass(frozen=True)
class Capacity:
    """How many requests may run and how many wait for that; times in seconds."""

    running: int = 40
    waiting: int = 100
    wait_s: float = 5.0
    body_s: float = 10.0


class RequestGate:
    """ASGI middleware. A request runs until its response starts, so a slow reader holds no place.

    Bodies are read before, so that neither does a slow writer. Requests for the paths in `always`
    never wait.
    """

    def __init__(
        self, app: ASGIApp, capacity: Capacity | None = None, always: Collection[str] = PROBES
    ) -> None:
        self.app = app
        self.capacity = capacity or Capacity()
        self.always = frozenset(always)
        self._running = 0
        self._turns: deque[asyncio.Future[None]] = deque()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on when there is room for it, or refuse it."""
        if scope["type"] != "http" or scope["path"].rstrip("/") in self.always:
            await self.app(scope, receive, send)
            return
        try:
            receive = await self._with_body(scope, receive)
            await self._enter()
        except ApiError as refusal:
            scope["petrec_error_code"] = refusal.code
            await refusal.response()(scope, receive, send)
            return
        await self._run(scope, receive, send)

    async def _run(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_inside = True

        def leave() -> None:
            nonlocal is_inside
            if is_inside:
                is_inside = False
                self._leave()

        async def leaving(message: Message) -> None:
            leave()
            await send(message)

        try:
            await self.app(scope, receive, leaving)
        finally:
            leave()

    async def _with_body(self, scope: Scope, receive: Receive) -> Receive:
        """Return what receives a body that has arrived; errors: ApiError if it is too slow.

        One that is too large is left to the route, which refuses it.
        """
        headers = dict(scope["headers"])
        # Zeros before a number are allowed.
        length = headers.get(b"content-length", b"0").lstrip(b"0")
        if b"transfer-encoding" not in headers and not length:
            return receive
        messages: deque[Message] = deque()
        size, is_more = 0, len(length) <= len(str(LARGEST_BODY))
        with suppress(TimeoutError):
            async with asyncio.timeout(self.capacity.body_s):
                while is_more and size <= LARGEST_BODY:
                    message = await receive()
                    messages.append(message)
                    size += len(message.get("body", b""))
                    is_more = message.get("more_body", False)
            return _replaying(messages, receive)
        raise ApiError(
            408,
            "request_timeout",
            "The body did not arrive in time",
            headers={"Connection": "close"},
        )

    async def _enter(self) -> None:
        """Take a place, or wait for one; errors: ApiError if there is none."""
        if self._running < self.capacity.running:
            self._running += 1
            return
        if len(self._turns) >= self.capacity.waiting:
            raise _busy()
        turn = asyncio.get_running_loop().create_future()
        self._turns.append(turn)
        try:
            async with asyncio.timeout(self.capacity.wait_s):
                await turn
        except BaseException as error:
            with suppress(ValueError):
                self._turns.remove(turn)
            # A place may have become free at the very moment when the wait ended.
            if turn.done() and not turn.cancelled():
                self._leave()
            if isinstance(error, TimeoutError):
                raise _busy() from None
            raise

    def _leave(self) -> None:
        """Free the place, or pass it on to who waits longest."""
        while self._turns:
            turn = self._turns.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._running -= 1


def _busy() -> ApiError:
    return unavailable("server_busy", "Too many requests are running; try again")


def _replaying(messages: deque[Message], receive: Receive) -> Receive:
    async def receive_again() -> Message:
        return messages.popleft() if messages else await receive()

    return receive_again
