"""Who wants to know how far the steps are."""

from collections.abc import Callable
from dataclasses import dataclass

from msgspec import Struct

from petrec.features.constraints.result import Step
from petrec.postgres.ddl.statement_progress import Progress


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
