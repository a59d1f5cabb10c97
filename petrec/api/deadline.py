"""The end of a request's time: its statements are cancelled, its connections cut if need be.

Python ends no thread. A thread that waits for the database ends when its connection does.
"""

import asyncio
import os
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from contextvars import ContextVar
from typing import Any

import psycopg

from petrec.api.http.errors import time_exceeded, unavailable

_current: ContextVar["Deadline | None"] = ContextVar("petrec_deadline", default=None)
# How long the server has to take a cancellation, and a cancelled statement to end, in seconds.
_GRACE_S = 1.0
# When a request is given up whose thread waits for something else.
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

        A connection that was cancelled is closed: what was sent may still arrive there.
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


@contextmanager
def timed(
    call_later: Callable[..., Any], limit_s: float, left_behind: LeftBehind | None = None
) -> Iterator[Deadline]:
    """Run the block of a request with a deadline."""
    deadline = Deadline(left_behind)
    token = _current.set(deadline)
    timer = call_later(limit_s, deadline.end)
    try:
        yield deadline
    finally:
        timer.cancel()
        _current.reset(token)


@asynccontextmanager
async def within(limit_s: float, left_behind: LeftBehind | None = None) -> AsyncIterator[None]:
    """Run the block of a request, which ends in time; errors: ApiError 504."""
    with timed(asyncio.get_running_loop().call_later, limit_s, left_behind) as deadline:
        try:
            async with asyncio.timeout(limit_s + _GIVEN_UP_S):
                yield
        except Exception as error:
            if deadline.has_passed():
                deadline.left_behind.add(deadline)
                raise time_exceeded(limit_s) from error
            raise
