"""The callbacks that operations take: what is being done, and whether to go on."""

from collections.abc import Callable
from typing import TypeVar

from petrec.errors import DeclinedError

T = TypeVar("T")

Step = Callable[[str], None]
Confirm = Callable[[T], bool]


def ignore(_: object) -> None:
    """Be told something, and do nothing."""


def require(confirm: Confirm[T] | None, plan: T) -> None:
    """Ask whether to carry a plan out; without somebody to ask, it is. Errors: DeclinedError."""
    if confirm is not None and not confirm(plan):
        raise DeclinedError
