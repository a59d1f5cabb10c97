"""Drive a run to its end: batch after batch, through locks, lag, timeouts and lost connections."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import msgspec
from psycopg.errors import QueryCanceled
from sqlalchemy import Connection, Engine, Select, text
from sqlalchemy.exc import DBAPIError

from petrec.errors import PetrecError, RunHeldError, RunStoppedError
from petrec.journal import lock
from petrec.journal.batch import Batch, next_pass, run_batch
from petrec.journal.pace import Pace
from petrec.journal.retry import Patience, driver_error, is_lost, is_transient
from petrec.journal.runs import move, read_run, record
from petrec.journal.throttle import LagMeter, Limits, pause_reason, rate_pause
from petrec.journal.work import Work
from petrec.journal.write import write_batch, write_query
from petrec.results.runs import Run

log = logging.getLogger("petrec.journal")

_POLL_S = 0.2
# A batch that is lost in a crash is lost whole, with its journal and cursor, and done again; so
# only the end of a run waits for the disk. A client that hangs must not keep its locks. What is
# said between batches holds no lock of the application's: it has longer than a batch.
_SESSION = text("""
SELECT set_config('synchronous_commit', 'off', false),
       set_config('lock_timeout', '200ms', false),
       set_config('idle_in_transaction_session_timeout', '10s', false),
       set_config('statement_timeout', '30s', false),
       set_config('plan_cache_mode', 'force_generic_plan', false)
""")
_RESUME = "start the same command again: it resumes where the last batch ended"
_SLOW_ROW = "a single row takes longer than --target-ms: resume with a larger one"
_DURABLE = text("SET LOCAL synchronous_commit = on")

Observer = Callable[[Run], None]


@dataclass
class Driver:
    """Everything that one drive through a run needs to remember."""

    engine: Engine
    work: Work
    limits: Limits
    observe: Observer
    lag: LagMeter = field(default_factory=LagMeter)

    def __post_init__(self) -> None:
        self.pace = Pace(self.limits.target_ms)
        self.patience = Patience(self.limits.deadline_s)
        self.pass_patience = Patience(self.limits.deadline_s)
        self.settled = 0
        self.reconnecting = False

    def drive(self, run_id: int) -> Run:
        """Work on the run until it is done; errors: RunStoppedError, RunHeldError."""
        while True:
            try:
                with self._connection() as connection:
                    return self._through(connection, run_id)
            except DBAPIError as error:
                if not is_lost(error):
                    raise
                self._rest_after(error, run_id)
            except RunHeldError:
                # After a lost connection the lock may still be held by our own dead backend.
                if not self.reconnecting or not self.patience.wait():
                    raise

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        with self.engine.connect() as connection, lock.held(connection):
            _prepare_all(connection)
            connection.execute(_SESSION)
            connection.commit()
            self.reconnecting = True
            yield connection

    def _through(self, connection: Connection, run_id: int) -> Run:
        run = read_run(connection, run_id)
        connection.commit()
        query = write_query(self.work.schema, run, self.work.guarded(run))
        _plan_ahead(connection, run, query)
        try:
            while True:
                self._hold_back(connection, run)
                batch = self._batch(connection, run, query)
                run = batch.run
                if batch.taken:
                    self._after(connection, batch)
                elif run.deferred:
                    run = self._again(connection, run)
                else:
                    return _finish(connection, run)
        except (PetrecError, KeyboardInterrupt) as error:
            _stop(connection, run, str(error) or "interrupted")
            raise
        except DBAPIError as error:
            if not is_lost(error):
                _stop(connection, run, str(driver_error(error)))
            raise

    def _batch(self, connection: Connection, run: Run, query: Select[Any]) -> Batch:
        while True:
            try:
                batch = run_batch(connection, run, self.work, query, self.pace)
            except DBAPIError as error:
                if not is_transient(error):
                    raise
                log.info("batch of %d rows put off: %s", self.pace.size, driver_error(error))
                self.pace = self.pace.after_timeout()
                if not self.patience.wait():
                    raise self._gave_up(run, error) from error
                # At a rollback the driver forgets what it has prepared.
                _plan_ahead(connection, run, query)
            else:
                self.patience.renew()
                return batch

    def _gave_up(self, run: Run, error: DBAPIError) -> RunStoppedError:
        inner = driver_error(error)
        slow = self.pace.size == 1 and isinstance(inner, QueryCanceled)
        return _stopped(run, f"gave up after retries: {inner}", _SLOW_ROW if slow else _RESUME)

    def _after(self, connection: Connection, batch: Batch) -> None:
        self.pace = self.pace.after(batch.taken, batch.took_ms)
        self.observe(batch.run)
        pause = rate_pause(self.limits, batch.taken, batch.took_ms)
        if batch.waiters:
            # They queued behind this batch: leave them as long again before the next.
            pause = max(pause, batch.took_ms / 1000)
            reason = f"yielding to {batch.waiters} sessions that waited for petrec's locks"
            self._say(connection, batch.run, reason)
        time.sleep(pause)

    def _hold_back(self, connection: Connection, run: Run) -> None:
        said = None
        while True:
            with connection.begin():
                reason = pause_reason(self.limits) or self.lag.reason(connection, self.limits)
            if reason is None:
                return
            if reason != said:
                log.warning("run %d waits: %s", run.id, reason)
                self._say(connection, run, reason)
                said = reason
            time.sleep(_POLL_S)

    def _say(self, connection: Connection, run: Run, reason: str) -> None:
        with connection.begin():
            record(connection, run.id, {"throttled_by": reason})
        self.observe(msgspec.structs.replace(run, throttled_by=reason))

    def _again(self, connection: Connection, run: Run) -> Run:
        """Go back to the rows that others had locked, with a pause that grows."""
        if run.changed + run.skipped > self.settled:
            self.pass_patience.renew()
        self.settled = run.changed + run.skipped
        if not self.pass_patience.wait():
            raise _stopped(run, f"{run.deferred} rows stayed locked by other sessions")
        return next_pass(connection, run)

    def _rest_after(self, error: DBAPIError, run_id: int) -> None:
        log.warning("connection lost, run %d goes on as soon as it is back", run_id)
        if not self.patience.wait():
            raise RunStoppedError(
                f"run {run_id}: the connection was lost: {driver_error(error)}",
                hint=_RESUME,
            ) from error


def _prepare_all(connection: Connection) -> None:
    """Have every statement planned once for the session, instead of under each batch's locks."""
    driver: Any = connection.connection.driver_connection
    driver.prepare_threshold = 0


def _plan_ahead(connection: Connection, run: Run, query: Select[Any]) -> None:
    """Let the server plan the write before a row is locked; what fails here, fails in a batch."""
    with suppress(DBAPIError), connection.begin():
        write_batch(connection, query, run, [])


def _stopped(run: Run, reason: str, hint: str = _RESUME) -> RunStoppedError:
    return RunStoppedError(f"run {run.id} stopped: {reason}", hint=hint)


def _finish(connection: Connection, run: Run) -> Run:
    with connection.begin():
        connection.execute(_DURABLE)
        move(connection, run, "done")
        return read_run(connection, run.id)


def _stop(connection: Connection, run: Run, failure: str) -> None:
    """Leave word of why the run stopped, where the connection still allows it."""
    try:
        connection.rollback()
        with connection.begin():
            move(connection, run, "stopped", failure)
    except DBAPIError:
        log.warning("run %d: the reason could not be recorded", run.id)
