"""Limits of requests that count where a test says so: elsewhere no request is too slow."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest


class Limits:
    """Whether the time of a request that begins is limited, and how to end that of others."""

    def __init__(self) -> None:
        self.count = False
        self.running: dict[object, Callable[[], object]] = {}

    @contextmanager
    def counting(self) -> Iterator[None]:
        """Limit the time of requests that begin in the block."""
        self.count = True
        yield
        self.count = False

    def pass_now(self) -> None:
        """End the time of the requests that run without a limit; from any thread."""
        for end in tuple(self.running.values()):
            end()


@pytest.fixture
def limits(monkeypatch: pytest.MonkeyPatch) -> Limits:
    """No request is ended by its time, unless the test says so."""
    from petrec.api.deadline import TimeLimit

    made = Limits()

    class Limited(TimeLimit):
        async def __aenter__(self) -> None:
            await super().__aenter__()
            if not made.count:
                self._timer.cancel()
                loop = asyncio.get_running_loop()
                made.running[self] = partial(loop.call_soon_threadsafe, self._end, loop)

        async def __aexit__(self, *ended: Any) -> None:
            made.running.pop(self, None)
            await super().__aexit__(*ended)

    for user in ("petrec.api.http.envelope", "petrec.api.host.health"):
        monkeypatch.setattr(f"{user}.TimeLimit", Limited)
    return made
