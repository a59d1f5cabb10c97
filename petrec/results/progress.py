"""How far a statement is, as another connection sees it while it runs."""

from collections.abc import Callable
from dataclasses import dataclass

from msgspec import Struct

from petrec.results.constraints import Step


class Progress(Struct, frozen=True):
    """One look: `done` of `total` in `unit`, which is empty where the server counts nothing.

    `locker` is the backend that is waited for now, 0 for none; `seconds` are those since the start.
    """

    phase: str
    done: int = 0
    total: int = 0
    unit: str = ""
    locker: int = 0
    seconds: float = 0.0


class Doing(Struct, frozen=True):
    """The step that runs now: the `number`th `of` all, those of this run that are done included."""

    step: Step
    number: int
    of: int
    now: Progress


@dataclass(frozen=True)
class Listener:
    """Who wants to know: `tell` takes sentences; `observe` takes looks, from another thread too."""

    tell: Callable[[str], None]
    observe: Callable[[Doing], None] = lambda _: None
