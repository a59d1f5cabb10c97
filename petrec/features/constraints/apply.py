"""Carry out the plan, one statement at a time; only the catalog decides what remains to be done."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from msgspec import Struct
from sqlalchemy import Connection, Engine

from petrec.errors import StuckError, UsageError
from petrec.features.constraints.plan import Request, refuse_without_privileges
from petrec.features.constraints.result import ConstraintsPlan, ConstraintsResult, Obstacles
from petrec.features.constraints.space import measure_space, refuse_without_room
from petrec.features.constraints.state import Step
from petrec.features.constraints.statements.base import Waits
from petrec.features.runs.journal import lock
from petrec.features.runs.targets import mapped_target
from petrec.postgres.ddl.progress import Progress
from petrec.postgres.ddl.run import LockPolicy, Runner
from petrec.postgres.writable import check_primary

Planner = Callable[[Connection], ConstraintsPlan]
Guard = Callable[[tuple[Step, ...]], None]


class Doing(Struct, frozen=True):
    """The step that runs now: `number` of `of`, counting the steps that this run has done."""

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
        done = _drive(runner, wanted.plan, listener, partial(_guard, connection, free_space))
        return ConstraintsResult(done, wanted.status(connection))


def apply_rollback(
    engine: Engine, wanted: Request, limits: LockPolicy, listener: Listener
) -> ConstraintsResult:
    """Drop everything again."""
    with _working(engine, wanted) as connection:
        check_primary(connection)
        refuse_without_privileges(wanted.rollback(connection))
        done = _drive(Runner(engine, connection, limits, listener.tell), wanted.rollback, listener)
        return ConstraintsResult(done, wanted.status(connection), "constraints rollback")


@contextmanager
def _working(engine: Engine, wanted: Request) -> Iterator[Connection]:
    """Yield an autocommit connection, with no other petrec process at work."""
    target = mapped_target(wanted.mapping)
    with engine.connect() as connection, lock.held(connection, target):
        connection.execution_options(isolation_level="AUTOCOMMIT")
        yield connection


def _guard(connection: Connection, free_space: int | None, steps: tuple[Step, ...]) -> None:
    """Check free space before each statement, since others use the disk, too."""
    refuse_without_room(measure_space(connection, steps, free_space))


def _drive(
    runner: Runner, make: Planner, listener: Listener, guard: Guard = lambda _: None
) -> tuple[str, ...]:
    """Run the first step of the plan until there is none: a failed build is planned again."""
    done: list[str] = []
    left: set[tuple[str, ...]] = set()
    while steps := make(runner.connection).steps:
        if _signature(steps) in left:
            raise _stuck(done[-1], steps[0])
        guard(steps)
        step = steps[0]
        runner.tell(f"{step.object}: {step.sql}")
        number = len(done) + 1
        runner.observe = partial(_pass_on, listener, step, number, len(done) + len(steps))
        if runner.run(step.sql, short=step.waits is Waits.SHORT):
            done.append(step.sql)
            left.add(_signature(steps))
    return tuple(done)


def _stuck(done: str, step: Step) -> StuckError:
    return StuckError(
        f"{done!r} succeeded, but {step.object} still has to be done: {step.sql}",
        hint="run petrec constraints status; if no other session is changing this schema, please "
        "report it",
    )


def _signature(steps: tuple[Step, ...]) -> tuple[str, ...]:
    return tuple(step.sql for step in steps)


def _pass_on(listener: Listener, step: Step, number: int, of: int, now: Progress) -> None:
    listener.observe(Doing(step, number, of, now))
