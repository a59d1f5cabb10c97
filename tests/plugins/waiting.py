"""Wait for something to become true, by asking for it."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


_SHORTEST_S, _LONGEST_S = 0.005, 0.05


def until(ask: Callable[..., T], *given: object, within_s: float = 60.0) -> T:
    """Return the first true answer, asking with what is given; fails after a generous bound.

    The pauses grow with what an answer costs, so that asking leaves the processors to the asked.
    """
    end = time.monotonic() + within_s
    while (asked := time.monotonic()) < end:
        if answer := ask(*given):
            return answer
        took = time.monotonic() - asked
        time.sleep(min(_LONGEST_S, max(_SHORTEST_S, 3 * took)))
    raise AssertionError(f"{ask} stayed untrue for {within_s} s")
