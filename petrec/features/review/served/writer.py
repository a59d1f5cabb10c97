"""The runs of a served review: one for each decision, and the undo of one."""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from sqlalchemy import Connection, Engine, select

from petrec.errors import PetrecError, RunStoppedError
from petrec.features.review.agree import Ballot
from petrec.features.review.apply import record_review, resume_review
from petrec.features.review.served.answer import SOURCE
from petrec.features.runs.driver.driver import Driver
from petrec.features.runs.driver.throttle import Throttling
from petrec.features.runs.journal.presence import is_installed
from petrec.features.runs.journal.store import unfinished_run
from petrec.features.runs.journal.tables import decisions
from petrec.features.runs.lineage import read_skips
from petrec.features.runs.result import MovedOn
from petrec.features.runs.resume import abandon_run
from petrec.features.runs.run import Action, Observer, Run, Target
from petrec.features.runs.undo.plan import check_null_returns, plan_undo, undo_target
from petrec.features.runs.undo.work import UndoWork
from petrec.postgres.writable import check_writable
from petrec.schema import Schema

# A person waits for the answer; the page keeps the decision and sends it again.
PATIENCE_S = 5.0


class SnapshotSource(Protocol):
    """What a desk needs of a session; database errors in its blocks are petrec's own."""

    @property
    def engine(self) -> Engine:
        """Return what opens connections."""

    def snapshot(self) -> AbstractContextManager[tuple[Connection, Schema]]:
        """Open a read-only snapshot."""

    def translated(self) -> AbstractContextManager[None]:
        """Turn database errors into petrec's own."""


@dataclass(frozen=True)
class RunWriter:
    """Writes decisions, one run each. Errors of all methods: RunHeldError, RunStoppedError, ...

    A run that cannot be finished soon is abandoned: nothing waits for a person behind it.
    """

    database: SnapshotSource
    throttling: Throttling = field(default_factory=lambda: Throttling(deadline_s=PATIENCE_S))

    def record(
        self, schema: Schema, target: Target, ballots: Iterable[Ballot]
    ) -> tuple[Run, tuple[MovedOn, ...]]:
        """Record and write; returns the run, and what it did not write."""
        engine = self.database.engine

        def work(observe: Observer) -> Run:
            return record_review(engine, schema, target, ballots, self.throttling, observe)

        return self._driven(target, work)

    def undo(self, schema: Schema, target: Target, run: int) -> tuple[Run, tuple[MovedOn, ...]]:
        """Undo a run; returns the undo, and what it did not restore."""
        plan = partial(plan_undo, run_id=run, target=target)

        def work(observe: Observer) -> Run:
            driver = Driver(self.database.engine, UndoWork(schema), self.throttling, observe)
            return driver.run(plan)

        return self._driven(target, work)

    def recover(self, target: Target) -> None:
        """Finish the run of a decision that a server could not finish because it was killed."""
        with self.database.snapshot() as (connection, schema):
            if not _has_unfinished(connection, target):
                return
        with self.database.translated():
            resume_review(self.database.engine, schema, target, self.throttling, _ignore)

    def _driven(
        self, target: Target, work: Callable[[Observer], Run]
    ) -> tuple[Run, tuple[MovedOn, ...]]:
        begun: list[int] = []
        with self.database.translated():
            try:
                run = work(lambda run: begun.append(run.id))
            except RunStoppedError:
                if begun:
                    with suppress(PetrecError):
                        abandon_run(self.database.engine, target.name, begun[-1])
                raise
            if not run.skipped:
                return run, ()
            with self.database.engine.connect() as connection:
                return run, read_skips(connection, run.id)


def check_undo(connection: Connection, schema: Schema, run: Run) -> None:
    """Check that a run may be undone; errors: PermissionMissingError, DatabaseError."""
    written = undo_target(connection, run)
    links = "DELETE" if written.links else ""
    check_writable(connection, schema, written.columns, links=links, locks=False)
    check_null_returns(connection, schema, run.id)


def _has_unfinished(connection: Connection, target: Target) -> bool:
    """Return whether the unfinished import, if there is one, is that of a served decision."""
    if not is_installed(connection):
        return False
    run = unfinished_run(connection, target.name, Action.REVIEW)
    if run is None:
        return False
    sources = connection.scalars(select(decisions.c.source).where(decisions.c.run_id == run.id))
    return set(sources) <= {SOURCE}


def _ignore(_: Run) -> None:
    """Show no progress: a run of one decision has none."""
