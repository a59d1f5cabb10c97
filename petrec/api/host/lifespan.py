"""The end of an application: running statements are cancelled, then connections are closed."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Any

import psycopg
from fastapi import FastAPI
from sqlalchemy import Engine, event

# How long to cancel statements, in seconds; a thread may continue with another one.
_LONGEST_S = 5.0
_PAUSE_S = 0.05
_SETTLED_S = 2.0


def ending(
    engine: Engine, settle: Callable[[float], bool]
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    """Return a lifespan that closes the engine at the end, after the grace period of requests.

    `settle` waits for work beside the requests, for so many seconds at most.

    Python waits for its threads at exit, so a thread blocked on a lock would keep the process
    alive for as long as the lock is held: its statement is cancelled.
    """
    running: set[psycopg.Connection[Any]] = set()
    event.listen(engine, "checkout", lambda connection, *_: running.add(connection))
    event.listen(engine, "checkin", lambda connection, _: running.discard(connection))

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        settle(_SETTLED_S)
        _cancel(running)
        engine.dispose()

    return lifespan


def _cancel(running: set[psycopg.Connection[Any]]) -> None:
    deadline = time.monotonic() + _LONGEST_S
    # A broken connection is never checked in.
    while alive := [one for one in tuple(running) if not one.closed]:
        if time.monotonic() > deadline:
            break
        for connection in alive:
            with suppress(psycopg.Error):
                connection.cancel_safe(timeout=_LONGEST_S)
        time.sleep(_PAUSE_S)
