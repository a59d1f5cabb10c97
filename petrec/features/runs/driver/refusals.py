"""Refused rows during a run: halve the batch, skip the row, or stop the run."""

from dataclasses import dataclass, field

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from petrec.features.runs.batches.batch import Batch, is_refused, replan_skips, skip_row
from petrec.features.runs.batches.items import spread
from petrec.features.runs.batches.refused import RowRefusal, RowsRefusedError
from petrec.features.runs.batches.size import Halving, Streak
from petrec.features.runs.batches.split import Write
from petrec.features.runs.batches.work import RunWork
from petrec.features.runs.driver.stop import ALL_REFUSED, stopped
from petrec.features.runs.run import Observer, Run


@dataclass
class Refusals:
    """The refused rows of one run so far."""

    work: RunWork
    observe: Observer
    halving: Halving = field(default_factory=Halving)
    streak: Streak = field(default_factory=Streak)

    def set_aside(
        self, connection: Connection, run: Run, query: Write, refused: RowsRefusedError
    ) -> Run:
        """Halve a refused batch, or skip its only row; returns the run after it."""
        if len(refused.page) > 1:
            self.halving = self.halving.refused(len(refused.page))
            return run
        run, refusal = skip_row(connection, run, self.work, refused)
        self.halving = self.halving.skipped()
        self.observe(run)
        if self.streak.add(refused.page[0], refusal):
            return self._look_ahead(connection, run, query, refusal, refused.error)
        return run

    def accept(self, batch: Batch, before: Run, wanted: int) -> None:
        """Count a committed batch; `wanted` is the size without refusals."""
        if batch.run.changed > before.changed:
            self.streak.end()
        self.halving = self.halving.accepted(batch.taken, wanted)

    def _look_ahead(
        self,
        connection: Connection,
        run: Run,
        query: Write,
        refusal: RowRefusal,
        error: DBAPIError,
    ) -> Run:
        """Stop without skipping rows if rows all over the rest are refused, too."""
        ahead = spread(connection, run, self.work)
        connection.rollback()
        work = self.work
        if not ahead or not all(is_refused(connection, run, work, query, n) for n in ahead):
            self.streak.go_on()
            return run
        after = replan_skips(connection, run, self.streak.numbers)
        raise stopped(after, f"every row is {refusal}", ALL_REFUSED, error)
