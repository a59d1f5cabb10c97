"""The callbacks of operations: the current step, and whether to continue."""

from collections.abc import Callable
from typing import TypeVar

from petrec.errors import DeclinedError

T = TypeVar("T")

Step = Callable[[str], None]
Confirm = Callable[[T], bool]


def ignore(_: object) -> None:
    """Accept any arguments, and do nothing."""


def require(confirm: Confirm[T] | None, plan: T) -> None:
    """Ask whether to carry out a plan; without a callback, yes. Errors: DeclinedError."""
    if confirm is not None and not confirm(plan):
        raise DeclinedError
