"""Run all batches of a run, despite locks, lag, timeouts and lost connections."""

import logging
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TypeVar

import msgspec
from psycopg.errors import QueryCanceled
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from petrec.documents.amounts import counted
from petrec.errors import PetrecError, RunHeldError, RunStoppedError
from petrec.features.runs.batches.batch import Batch, defer_row, next_pass, run_batch
from petrec.features.runs.batches.refused import RowsRefusedError
from petrec.features.runs.batches.size import Pace
from petrec.features.runs.batches.split import SplitWrite, Write
from petrec.features.runs.batches.work import RunWork
from petrec.features.runs.batches.write import BatchWrite
from petrec.features.runs.driver.prepared import plan_ahead, prepare_session
from petrec.features.runs.driver.refusals import Refusals
from petrec.features.runs.driver.retry import Patience, Retries
from petrec.features.runs.driver.standby import unconfirmed_standbys
from petrec.features.runs.driver.stop import SLOW_ROW, record_stop, stopped
from petrec.features.runs.driver.throttle import Throttle, Throttling
from petrec.features.runs.errors import cause_of, driver_error, is_lost, is_transient, may_pass
from petrec.features.runs.journal import lock
from petrec.features.runs.journal.install import planning
from petrec.features.runs.journal.store import change_state, read_run, update_run
from petrec.features.runs.run import Observer, Run, RunState
from petrec.features.runs.targets import target_name
from petrec.postgres.triggers import trigger_functions

log = logging.getLogger("petrec.features.runs")

# How often a single row is tried before it is deferred.
_TRIES = 5
_DURABLE = text("SET LOCAL synchronous_commit = local")

Planned = TypeVar("Planned", Run, Run | None)


class Driver:
    """The state of working through one run."""

    def __init__(
        self, engine: Engine, work: RunWork, throttling: Throttling, observe: Observer
    ) -> None:
        self.engine = engine
        self.work = work
        self.observe = observe
        self.deadline_s = throttling.deadline_s
        self.throttle = Throttle(throttling, observe)
        self.pace = Pace(throttling.target_ms)
        self.refusals = Refusals(work, observe)
        self.retries = Retries(engine, Patience(self.deadline_s))
        self.pass_patience = Patience(self.deadline_s)
        self.target_name = target_name(work.schema)
        self.before: int | None = None
        self.settled = 0

    def run(self, plan: Callable[[Connection], Planned]) -> Planned:
        """Plan a run and work on it until it is done, as the only writer of its target.

        `plan` creates or resumes the run in a transaction; None if there is nothing to do.
        Errors: RunStoppedError, RunHeldError, TimedOutError, and what `plan` raises.
        """
        run: Run | None = None
        while True:
            try:
                with self.engine.connect() as connection, lock.held(connection, self.target_name):
                    if run is None:
                        with planning(self.engine, connection, self.work.schema.layout):
                            run = plan(connection)
                    if run is None:
                        return run
                    run = self._run_batches(connection, run)
                # No lock is held any more, not even the target's.
                self.observe(run)
                names = unconfirmed_standbys(self.engine, run.id, self.deadline_s)
                return msgspec.structs.replace(run, before=self.before or 0, unconfirmed=names)
            except DBAPIError as error:
                if run is None or not is_lost(error):
                    raise
                self._wait_to_reconnect(error, run.id)
            except RunHeldError:
                # After a lost connection our own dead backend may still hold the lock.
                if run is None or not self.retries.patience.wait():
                    raise

    def _run_batches(self, connection: Connection, run: Run) -> Run:
        """Run the remaining batches of a run, from its record."""
        prepare_session(connection, here=self.work.schema.layout.is_here)
        run = read_run(connection, self.target_name, run.id)
        self.observe(run)
        self.before = run.changed if self.before is None else self.before
        self.work.watched = bool(trigger_functions(connection, self.work.schema))
        self.work.prepare(connection, run)
        connection.commit()
        query = self._write(run)
        try:
            return self._until_done(connection, run, query)
        except (PetrecError, KeyboardInterrupt) as error:
            record_stop(connection, run, str(error) or "interrupted")
            raise
        except DBAPIError as error:
            if not is_lost(error):
                record_stop(connection, run, cause_of(error))
            raise

    def _write(self, run: Run) -> Write:
        if not self.work.schema.layout.is_here:
            return SplitWrite.of(self.work, run)
        return BatchWrite(self.work, run)

    def _until_done(self, connection: Connection, run: Run, query: Write) -> Run:
        plan_ahead(connection, run, query)
        self.throttle.lap.end()
        while True:
            self.throttle.wait_while_throttled(connection, run)
            try:
                batch = self._batch(connection, run, query)
            except RowsRefusedError as refused:
                self.retries.patience.renew()
                run = self.refusals.set_aside(connection, run, query, refused)
                plan_ahead(connection, run, query)
                continue
            if batch.taken:
                run = self._follow_up(connection, run, batch)
            elif run.deferred:
                run = self._retry_deferred(connection, run)
            else:
                finish = partial(_finish, connection, run)
                return self.retries.until_done(connection, finish, partial(self._gave_up, run))

    def _batch(self, connection: Connection, run: Run, query: Write) -> Batch:
        """Commit the next batch, smaller after each failure, or defer a row that waits."""
        pace = self.pace

        def attempt() -> Batch:
            nonlocal pace
            pace = self.pace.at_most(self.refusals.halving.size(self.pace.size))
            retrying = self.retries.attempts < _TRIES
            try:
                return run_batch(connection, run, self.work, query, pace, retrying=retrying)
            except DBAPIError as error:
                if is_transient(error) and not may_pass(error):
                    self.pace = pace.after_timeout()
                raise

        def instead(error: DBAPIError) -> Batch | None:
            # At a rollback the driver drops its prepared statements.
            plan_ahead(connection, run, query)
            if pace.size == 1 and self._tried_enough(error):
                with suppress(DBAPIError):
                    return defer_row(connection, run, self.work)
            return None

        return self.retries.until_done(connection, attempt, partial(self._gave_up, run), instead)

    def _tried_enough(self, error: DBAPIError) -> bool:
        """Return whether to defer the row, which a later pass retries.

        The time spent counts: if all rows wait for one lock, the deadline ends the run.
        """
        return not may_pass(error) and self.retries.attempts % _TRIES == 0

    def _gave_up(self, run: Run, error: DBAPIError) -> RunStoppedError:
        slow = self.pace.size == 1 and isinstance(driver_error(error), QueryCanceled)
        reason = f"stopped after several retries: {cause_of(error)}{self.retries.blamed}"
        return stopped(run, reason, SLOW_ROW if slow else "", error)

    def _follow_up(self, connection: Connection, before: Run, batch: Batch) -> Run:
        """Adapt to a batch that was committed, and rest; returns the run as it is then."""
        if self.refusals.halving.limit is None:
            self.pace = self.pace.after(batch.taken, batch.took_ms)
        self.refusals.accept(batch, before, self.pace.size)
        return self.throttle.rest_after(connection, before, batch)

    def _retry_deferred(self, connection: Connection, run: Run) -> Run:
        """Retry the deferred rows, with a growing pause."""
        if run.changed + run.skipped > self.settled:
            self.pass_patience.renew()
        self.settled = run.changed + run.skipped
        if not self.pass_patience.wait():
            raise stopped(run, f"{counted(run.deferred, 'row')} stayed locked by other sessions")
        attempt = partial(next_pass, connection, run)
        return self.retries.until_done(connection, attempt, partial(self._gave_up, run))

    def _wait_to_reconnect(self, error: DBAPIError, run_id: int) -> None:
        log.warning("connection lost; run %d continues as soon as the connection is back", run_id)
        if not self.retries.patience.wait():
            reason = f"run {run_id}: the connection was lost: {cause_of(error)}"
            raise RunStoppedError(reason) from error


def _finish(connection: Connection, run: Run) -> Run:
    with connection.begin():
        connection.execute(_DURABLE)
        update_run(connection, run.id, {"busy_ms": run.busy_ms})
        change_state(connection, run, RunState.DONE)
        return read_run(connection, run.target_name, run.id)
