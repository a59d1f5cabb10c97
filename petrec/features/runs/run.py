"""Runs in the journal: actions, states, and the transitions between them."""

from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from petrec.documents.amounts import duration, rate


class Action(StrEnum):
    """What a run does."""

    BACKFILL = "backfill"
    REVIEW = "review"
    UNDO = "undo"
    SWEEP = "sweep"
    CORRECTION = "correction"


class RunState(StrEnum):
    """The state of a run; `done` and `abandoned` are final."""

    RUNNING = "running"
    STOPPED = "stopped"
    DONE = "done"
    ABANDONED = "abandoned"


class SkipCause(StrEnum):
    """Why a planned row was not written as planned."""

    OVERTAKEN = "overtaken"
    REFUSED = "refused"
    REWRITTEN = "rewritten"


class LinkAction(StrEnum):
    """What a run did with a pet that a change needs in an appointment."""

    ADDED = "added"
    PRESENT = "present"
    REMOVED = "removed"


UNFINISHED = (RunState.RUNNING, RunState.STOPPED)
# Only the holder of the target's lock changes a state: a run found running has lost its process.
TRANSITIONS: Mapping[tuple[RunState, RunState], str] = {
    (RunState.RUNNING, RunState.DONE): "every planned row has been changed or skipped",
    (RunState.RUNNING, RunState.STOPPED): "something stopped it; it can be resumed",
    (RunState.RUNNING, RunState.RUNNING): "its process died; another one takes over",
    (
        RunState.RUNNING,
        RunState.ABANDONED,
    ): "its process died; it is undone, abandoned, or planned again",
    (RunState.STOPPED, RunState.RUNNING): "it is resumed",
    (RunState.STOPPED, RunState.ABANDONED): "it is undone, abandoned, or planned again",
}


class Target(Struct, frozen=True):
    """The table a run writes to, by physical names; `touch` are columns also set to now().

    `pet` is empty if the run does not write the pet.
    `only` are the conditions of the plan, in words. `also` are logical columns that the run writes
    besides the pet; `links` is whether it adds pets to appointments. `name` is the table's unique
    name, with every part in quotes.
    """

    table: str
    key: tuple[str, ...]
    pet: str
    touch: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    links: bool = False
    name: str = ""
    only: tuple[str, ...] = ()

    @property
    def decided(self) -> tuple[str, ...]:
        """Return the columns whose new value is part of the plan."""
        return ("pet_id", *self.also) if self.pet else self.also

    @property
    def columns(self) -> tuple[str, ...]:
        """Return every column that the run writes."""
        return (*self.decided, *self.touch)


class Run(Struct, frozen=True):
    """One run and its progress; durations in milliseconds.

    `busy_ms` is the time in batches and in what they waited for, without what a person paused.
    `before` is how many rows it had changed when this command resumed it.
    `unconfirmed` names the synchronous standbys that did not confirm what was written.
    """

    id: int
    action: Action
    state: RunState
    target: Target
    started_at: datetime
    updated_at: datetime
    target_name: str = ""
    undoes: int | None = None
    undone_by: tuple[int, ...] = ()
    pass_number: int = 1
    cursor: int = 0
    planned: int = 0
    changed: int = 0
    skipped: int = 0
    deferred: int = 0
    batches: int = 0
    batch_size: int = 0
    batch_ms: float = 0.0
    busy_ms: float = 0.0
    throttled_by: str | None = None
    failure: str | None = None
    finished_at: datetime | None = None
    role: str = ""
    host: str = ""
    pid: int = 0
    version: str = ""
    held: bool = False
    before: int = 0
    unconfirmed: str = ""

    @property
    def in_all(self) -> str:
        """Return what to add to the count of this command; empty if the run was not resumed."""
        return f" now, {self.changed} in all" if self.before else ""

    @property
    def warning(self) -> str:
        """Return the warning about synchronous standbys; empty if there is none."""
        if not self.unconfirmed:
            return ""
        return (
            f"run {self.id} is durable on this server, but no standby of {self.unconfirmed!r} "
            "(synchronous_standby_names) has confirmed it: a failover could lose it"
        )

    @property
    def remaining(self) -> int:
        """Return how many planned rows are neither changed nor skipped."""
        return self.planned - self.changed - self.skipped

    @property
    def rows_per_second(self) -> float:
        """Return the rate with all waits but a person's pauses; 0 before the first batch."""
        return 1000 * (self.changed + self.skipped) / self.busy_ms if self.busy_ms else 0.0

    @property
    def eta_seconds(self) -> float | None:
        """Return the remaining time at this rate, in seconds; None without a rate."""
        return self.remaining / self.rows_per_second if self.rows_per_second else None

    @property
    def is_unfinished(self) -> bool:
        """Return whether the run can be resumed."""
        return self.state in UNFINISHED

    @property
    def speed(self) -> str:
        """Return how long the run took and how fast it was, as people read it."""
        return f"took {duration(self.busy_ms / 1000)}, {rate(self.rows_per_second)}"

    @property
    def shown_state(self) -> str:
        """Return the state for people: a running run without a process has died."""
        return "interrupted" if self.state == RunState.RUNNING and not self.held else self.state


Observer = Callable[[Run], None]
