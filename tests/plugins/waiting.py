"""Wait for something to become true, by asking for it."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def until(ask: Callable[..., T], *given: object, within_s: float = 60.0) -> T:
    """Return the first true answer, asking with what is given; fails after a generous bound."""
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        if answer := ask(*given):
            return answer
        time.sleep(0.005)
    raise AssertionError(f"{ask} stayed untrue for {within_s} s")
