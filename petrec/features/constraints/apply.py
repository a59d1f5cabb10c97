"""Carry out the plan, one statement at a time; only the catalog decides what remains to be done."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

from msgspec import Struct
from sqlalchemy import Connection, Engine

from petrec.errors import StuckError, UsageError
from petrec.features.constraints.course import Course
from petrec.features.constraints.plan import Request, refuse_without_privileges
from petrec.features.constraints.result import ConstraintsResult, Obstacles
from petrec.features.constraints.space import measure_space, refuse_without_room
from petrec.features.constraints.state import Step
from petrec.features.constraints.statements.base import Waits
from petrec.features.runs.journal import lock
from petrec.features.runs.targets import mapped_target
from petrec.postgres.ddl.progress import Progress
from petrec.postgres.ddl.run import LockPolicy, Runner
from petrec.postgres.session_state import with_settings
from petrec.postgres.writable import check_primary

# Each step is judged by the same queries of the catalog, which need no plan for each.
_PLANNER = {"plan_cache_mode": "force_generic_plan"}

Guard = Callable[[tuple[Step, ...]], None]


class Doing(Struct, frozen=True):
    """The running step, its number from 1, and how many there are; those done already count."""

    step: Step
    number: int
    of: int
    now: Progress


@dataclass(frozen=True)
class Listener:
    """A listener: `tell` takes sentences; `observe` takes progress, also from another thread."""

    tell: Callable[[str], None]
    observe: Callable[[Doing], None] = lambda _: None


def apply_plan(
    engine: Engine,
    wanted: Request,
    limits: LockPolicy,
    listener: Listener,
    only: str = "",
    free_space: int | None = None,
) -> ConstraintsResult | Obstacles:
    """Create everything; if rows would violate it, change nothing and return their counts.

    `only` is the hash of the plan that was reviewed; `free_space` in bytes overrides what is
    measured. Errors: UsageError for another plan, NoRoomError, TimedOutError.
    """
    with _working(engine, wanted) as connection:
        check_primary(connection)
        plan = wanted.plan(connection)
        if only and only != plan.hash:
            raise UsageError(f"the plan is now {plan.hash}, not {only}",
                             hint="to see what has changed: petrec constraints plan")  # fmt: skip
        refuse_without_privileges(plan)
        counts = wanted.obstacles(connection, plan.steps)
        if counts:
            return Obstacles(counts)
        runner = Runner(engine, connection, limits, listener.tell)
        guard = partial(_guard, connection, free_space)
        done = Drive(runner, Course(wanted), listener, guard).to_the_end()
        return ConstraintsResult(done, wanted.status(connection))


def apply_rollback(
    engine: Engine, wanted: Request, limits: LockPolicy, listener: Listener
) -> ConstraintsResult:
    """Drop everything again."""
    with _working(engine, wanted) as connection:
        check_primary(connection)
        refuse_without_privileges(wanted.rollback(connection))
        runner = Runner(engine, connection, limits, listener.tell)
        done = Drive(runner, Course(wanted, back=True), listener).to_the_end()
        return ConstraintsResult(done, wanted.status(connection), "constraints rollback")


@contextmanager
def _working(engine: Engine, wanted: Request) -> Iterator[Connection]:
    """Yield an autocommit connection, with no other petrec process at work."""
    target = mapped_target(wanted.mapping)
    with engine.connect() as connection, lock.held(connection, target):
        connection.execution_options(isolation_level="AUTOCOMMIT", **with_settings(_PLANNER))
        yield connection


def _guard(connection: Connection, free_space: int | None, steps: tuple[Step, ...]) -> None:
    """Check free space before each build, since others use the disk, too."""
    refuse_without_room(measure_space(connection, steps, free_space))


@dataclass
class Drive:
    """Runs a course; `done` are the statements that succeeded."""

    runner: Runner
    course: Course
    listener: Listener
    guard: Guard = lambda _: None
    done: list[str] = field(default_factory=list)

    def to_the_end(self) -> tuple[str, ...]:
        """Run plans until one is empty; errors: StuckError where a plan comes back."""
        left: list[tuple[tuple[str, ...], int]] = []
        while steps := self.course.plan(self.runner.connection).steps:
            texts = tuple(step.sql for step in steps)
            if any(_comes_back(texts, *before) for before in left):
                raise _stuck(self.done[-1], steps[0])
            if succeeded := self._as_planned(steps):
                left.append((texts, succeeded))
        return tuple(self.done)

    def _as_planned(self, steps: tuple[Step, ...]) -> int:
        """Return how many steps succeeded before one did not, or was no longer the next."""
        for at, step in enumerate(steps):
            if at and not self.course.is_next(self.runner.connection, step):
                return at
            if step.index_bytes:
                self.guard(steps[at:])
            if not self._run(step, len(steps) - at):
                return at
        return len(steps)

    def _run(self, step: Step, left: int) -> bool:
        """Try one step, of as many as are left; a failed build is planned again."""
        self.runner.tell(f"{step.object}: {step.sql}")
        number, of = len(self.done) + 1, len(self.done) + left
        self.runner.observe = partial(_pass_on, self.listener, step, number, of)
        if not self.runner.run(step.sql, short=step.waits is Waits.SHORT):
            return False
        self.done.append(step.sql)
        return True


def _comes_back(texts: tuple[str, ...], before: tuple[str, ...], succeeded: int) -> bool:
    """Return whether this is what an earlier plan had left before one of its steps succeeded."""
    at = len(before) - len(texts)
    return 0 <= at < succeeded and before[at:] == texts


def _stuck(done: str, step: Step) -> StuckError:
    return StuckError(
        f"{done!r} succeeded, but {step.object} still has to be done: {step.sql}",
        hint="run petrec constraints status; if no other session is changing this schema, please "
        "report it",
    )


def _pass_on(listener: Listener, step: Step, number: int, of: int, now: Progress) -> None:
    listener.observe(Doing(step, number, of, now))
