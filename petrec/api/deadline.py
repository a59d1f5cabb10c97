"""The end of a request's time: its statements are cancelled, its connections cut if need be.

Python cannot end a thread, but one that waits for the database ends when its connection does.
"""

import asyncio
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from types import TracebackType
from typing import Any

import psycopg

from petrec.api.http.errors import ApiError, time_exceeded, unavailable

_current: ContextVar["Deadline | None"] = ContextVar("petrec_deadline", default=None)
# How long the server has to take a cancellation, and a cancelled statement to end, in seconds.
_GRACE_S = 1.0
# How long after its end a request is given up whose thread waits for something else, in seconds.
_GIVEN_UP_S = 3 * _GRACE_S
# Of the threads that work, 40 at once, so many more may be stuck.
_MOST_STUCK = 20


class Deadline:
    """The connections that one request holds, and whether its time is over."""

    def __init__(self, left_behind: "LeftBehind | None" = None) -> None:
        self.is_at_work = False
        self.left_behind = left_behind or LeftBehind()
        self._is_over = False
        self._held: list[psycopg.Connection[Any]] = []
        self._changed = threading.Condition()

    def has_passed(self) -> bool:
        """Return whether the time of the request is over."""
        return self._is_over

    @contextmanager
    def holding(self, connection: psycopg.Connection[Any]) -> Iterator[None]:
        """Let a connection be cut while the block runs; errors: TimeoutError once it is too late.

        A connection that was cancelled is closed, since the cancellation may reach a later query.
        """
        with self._changed:
            if self.has_passed():
                raise TimeoutError
            self._held.append(connection)
        try:
            yield
        finally:
            with self._changed:
                self._held.remove(connection)
                self._changed.notify_all()
                if self.has_passed():
                    connection.close()

    def end(self) -> None:
        """End the work in a thread of its own, since all others may be waiting."""
        threading.Thread(target=self._end, name="deadline", daemon=True).start()

    def _end(self) -> None:
        with self._changed:
            self._is_over = True
            held = tuple(self._held)
            for connection in held:
                with suppress(psycopg.Error):
                    connection.cancel_safe(timeout=_GRACE_S)
            if self._changed.wait_for(lambda: not self._held, _GRACE_S):
                return
            for connection in self._held:
                _cut(connection)


def _cut(connection: psycopg.Connection[Any]) -> None:
    """Shut the socket down, which wakes the thread that waits for it."""
    with suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(connection.fileno())) as end:
        end.shutdown(socket.SHUT_RDWR)


class LeftBehind:
    """Requests that were given up while their thread continued, as nothing could end its wait."""

    def __init__(self) -> None:
        self._requests: list[Deadline] = []

    def add(self, request: Deadline) -> None:
        """Keep a request that is given up."""
        self._requests = [each for each in (*self._requests, request) if each.is_at_work]

    def are_many(self) -> bool:
        """Return whether so many threads are stuck that no other may follow them."""
        return sum(each.is_at_work for each in self._requests) >= _MOST_STUCK


@contextmanager
def at_work() -> Iterator[None]:
    """Run the thread's part of a request; errors: ApiError 503 where too many threads are stuck."""
    deadline = current_deadline()
    if deadline is None or deadline.is_at_work:
        yield
        return
    if deadline.left_behind.are_many():
        raise unavailable("server_busy", "Earlier requests have not ended; try again")
    deadline.is_at_work = True
    try:
        yield
    finally:
        deadline.is_at_work = False


@contextmanager
def taken(lock: threading.Lock, within_s: float) -> Iterator[None]:
    """Hold a lock that another request may hold for long; errors: ApiError 503."""
    if not lock.acquire(timeout=within_s or -1):
        raise unavailable("not_ready", "The service is not ready")
    try:
        yield
    finally:
        lock.release()


def current_deadline() -> Deadline | None:
    """Return the deadline of the request that this code works for."""
    return _current.get()


class TimeLimit:
    """Runs the block of a request, which ends in time; errors: ApiError 504.

    It is no generator: of asynchronous ones the event loop keeps a list.
    """

    def __init__(self, limit_s: float, left_behind: LeftBehind | None = None) -> None:
        self._limit_s = limit_s
        self._deadline = Deadline(left_behind)
        self._giving_up = asyncio.timeout(None)

    async def __aenter__(self) -> None:
        loop = asyncio.get_running_loop()
        self._token = _current.set(self._deadline)
        self._timer = loop.call_later(self._limit_s, self._end, loop)
        await self._giving_up.__aenter__()

    def _end(self, loop: asyncio.AbstractEventLoop) -> None:
        self._deadline.end()
        self._giving_up.reschedule(loop.time() + _GIVEN_UP_S)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._timer.cancel()
        _current.reset(self._token)
        try:
            await self._giving_up.__aexit__(kind, error, trace)
        except TimeoutError as late:
            raise self._exceeded() from late
        if isinstance(error, Exception) and self._deadline.has_passed():
            raise self._exceeded() from error

    def _exceeded(self) -> ApiError:
        self._deadline.left_behind.add(self._deadline)
        return time_exceeded(self._limit_s)
