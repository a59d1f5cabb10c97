"""Drive a run to its end: batch after batch, through locks, lag, timeouts and lost connections."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

import msgspec
from psycopg.errors import QueryCanceled
from sqlalchemy import Connection, Engine, Select, text
from sqlalchemy.exc import DBAPIError

from petrec.errors import PetrecError, RunHeldError, RunStoppedError
from petrec.features.runs import lock
from petrec.features.runs.batch import (
    Batch,
    is_refused,
    next_pass,
    put_off_row,
    run_batch,
    skip_row,
    take_back_skips,
)
from petrec.features.runs.halving import Halving, Streak
from petrec.features.runs.pace import Pace
from petrec.features.runs.refused import Refusal, RowsRefusedError, cause_of, may_pass
from petrec.features.runs.retry import Patience, driver_error, is_lost, is_transient
from petrec.features.runs.run import Run, State
from petrec.features.runs.standby import unconfirmed_standbys
from petrec.features.runs.states import move, read_run, record
from petrec.features.runs.targets import target_name
from petrec.features.runs.throttle import LagMeter, Limits, pause_reason, rate_pause
from petrec.features.runs.waiting import blamed
from petrec.features.runs.work import Work, spread
from petrec.features.runs.write import write_batch, write_query
from petrec.postgres.ddl.blockers import Watch
from petrec.postgres.errors import server_hint
from petrec.postgres.session_state import keep_session
from petrec.postgres.triggers import trigger_functions

log = logging.getLogger("petrec.features.runs")

_POLL_S = 0.2
# How often a single row is tried before the others go on without it.
_TRIES = 5
# A batch that is lost in a crash is lost whole, with its journal and cursor, and done again; so
# only the end of a run waits for the disk, and for standbys. A client that hangs must not keep its
# locks. What is said between batches holds no lock of the application's: it has longer.
_SESSION = {
    "synchronous_commit": "off",
    "lock_timeout": "200ms",
    "idle_in_transaction_session_timeout": "10s",
    "statement_timeout": "30s",
    "plan_cache_mode": "force_generic_plan",
}
_RESUME = (
    "start the same command again: it resumes where the last batch ended; "
    "or leave it for good with: petrec backfill abandon {run}"
)
_SLOW_ROW = "a single row takes longer than --target-ms: resume with a larger one"
_ALL_REFUSED = "remove what refuses them, then start the same command again: it resumes"
_DURABLE = text("SET LOCAL synchronous_commit = local")
_PID = text("SELECT pg_backend_pid()")

T = TypeVar("T")
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
        self.halving = Halving()
        self.streak = Streak()
        self.patience = Patience(self.limits.deadline_s)
        self.pass_patience = Patience(self.limits.deadline_s)
        self.target_name = target_name(self.work.schema)
        self.before: int | None = None
        self.blockers: dict[tuple[int, str], str] = {}
        self.settled = 0
        self.reconnecting = False

    def drive(self, run_id: int) -> Run:
        """Work on the run until it is done; errors: RunStoppedError, RunHeldError."""
        while True:
            try:
                with self._connection() as connection:
                    run = self._through(connection, run_id)
                # No lock is held any more, not even the target's.
                names = unconfirmed_standbys(self.engine, run_id, self.limits.deadline_s)
                return msgspec.structs.replace(run, before=self.before or 0, unconfirmed=names)
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
        with self.engine.connect() as connection, lock.held(connection, self.target_name):
            _prepare_all(connection)
            keep_session(connection, _SESSION)
            self.reconnecting = True
            yield connection

    def _through(self, connection: Connection, run_id: int) -> Run:
        run = read_run(connection, self.target_name, run_id)
        self.before = run.changed if self.before is None else self.before
        self.work.watched = bool(trigger_functions(connection, self.work.schema))
        connection.commit()
        guarded, watched = self.work.guarded(run), self.work.watched
        query = write_query(self.work.schema, run, guarded, watched=watched)
        _plan_ahead(connection, run, query)
        try:
            while True:
                self._hold_back(connection, run)
                try:
                    batch = self._batch(connection, run, query)
                except RowsRefusedError as refused:
                    run = self._set_aside(connection, run, query, refused)
                    continue
                if batch.taken:
                    self._after(connection, run, batch)
                    run = batch.run
                elif run.deferred:
                    run = self._again(connection, run)
                else:
                    return self._patiently(connection, run, partial(_finish, connection, run))
        except (PetrecError, KeyboardInterrupt) as error:
            _stop(connection, run, str(error) or "interrupted")
            raise
        except DBAPIError as error:
            if not is_lost(error):
                _stop(connection, run, cause_of(error))
            raise

    def _batch(self, connection: Connection, run: Run, query: Select[Any]) -> Batch:
        while True:
            try:
                pace = self.pace.at_most(self.halving.size(self.pace.size))
                with self._watched(connection):
                    retrying = self.patience.attempts < _TRIES
                    batch = run_batch(connection, run, self.work, query, pace, retrying=retrying)
            except DBAPIError as error:
                if not is_transient(error):
                    raise
                log.info("batch of %d rows put off: %s", pace.size, cause_of(error))
                if not may_pass(error):
                    self.pace = pace.after_timeout()
                if not self.patience.wait():
                    raise self._gave_up(run, error) from error
                # At a rollback the driver forgets what it has prepared.
                _plan_ahead(connection, run, query)
                if pace.size == 1 and self._tried_enough(error):
                    with suppress(DBAPIError):
                        return put_off_row(connection, run, self.work)
            else:
                self.patience.renew()
                self.blockers.clear()
                return batch

    def _tried_enough(self, error: DBAPIError) -> bool:
        """Return whether the others go on without the row, which a later pass comes back to.

        Patience goes on as well: where all rows wait for one lock, the deadline ends the run.
        """
        return not may_pass(error) and self.patience.attempts % _TRIES == 0

    def _set_aside(
        self, connection: Connection, run: Run, query: Select[Any], refused: RowsRefusedError
    ) -> Run:
        """Halve a refused batch, or skip its only row; returns the run as it is now."""
        self.patience.renew()
        if len(refused.page) > 1:
            self.halving = self.halving.refused(len(refused.page))
        else:
            run, refusal = skip_row(connection, run, self.work, refused)
            self.halving = self.halving.skipped()
            self.observe(run)
            if self.streak.add(refused.page[0], refusal):
                run = self._look_ahead(connection, run, query, refusal, refused.error)
        _plan_ahead(connection, run, query)
        return run

    def _look_ahead(
        self,
        connection: Connection,
        run: Run,
        query: Select[Any],
        refusal: Refusal,
        error: DBAPIError,
    ) -> Run:
        """Stop, with no row skipped, where rows all over the rest are refused as well."""
        ahead = spread(connection, run, self.work)
        connection.rollback()
        work = self.work
        if not ahead or not all(is_refused(connection, run, work, query, n) for n in ahead):
            self.streak.go_on()
            return run
        after = take_back_skips(connection, run, self.streak.numbers)
        raise _stopped(after, f"every row is {refusal}", _hinted(error, _ALL_REFUSED))

    def _gave_up(self, run: Run, error: DBAPIError) -> RunStoppedError:
        slow = self.pace.size == 1 and isinstance(driver_error(error), QueryCanceled)
        who = blamed(self.blockers.values())
        reason = f"gave up after retries: {cause_of(error)}{who}"
        return _stopped(run, reason, _hinted(error, _SLOW_ROW if slow else _RESUME))

    def _after(self, connection: Connection, before: Run, batch: Batch) -> None:
        if batch.run.changed > before.changed:
            self.streak.end()
        if self.halving.limit is None:
            self.pace = self.pace.after(batch.taken, batch.took_ms)
        self.halving = self.halving.accepted(batch.taken, self.pace.size)
        self.observe(batch.run)
        pause = rate_pause(self.limits, batch.taken, batch.took_ms)
        if batch.waiters:
            # They queued behind this batch: leave them as long again before the next.
            pause = max(pause, batch.took_ms / 1000)
            reason = f"yielding to {batch.waiters} sessions that waited for petrec's locks"
            self._say(connection, batch.run, reason)
        time.sleep(pause)

    def _hold_back(self, connection: Connection, run: Run) -> None:
        """Wait as long as a person pauses the run; for replicas up to the deadline."""
        said, since = None, time.monotonic()
        while True:
            paused = pause_reason(self.limits)
            with connection.begin():
                reason = paused or self.lag.reason(connection, self.limits)
            if reason is None:
                return
            if paused:
                since = time.monotonic()
            elif time.monotonic() - since > self.limits.deadline_s:
                raise _stopped(run, f"waited {self.limits.deadline_s:g} s: {reason}")
            if reason != said:
                log.warning("run %d waits: %s", run.id, reason)
                self._say(connection, run, reason)
                said = reason
            time.sleep(_POLL_S)

    def _say(self, connection: Connection, run: Run, reason: str) -> None:
        """Leave word of a wait, unless that would be one more."""
        try:
            with connection.begin():
                record(connection, run.id, {"throttled_by": reason})
        except DBAPIError as error:
            if not is_transient(error):
                raise
        self.observe(msgspec.structs.replace(run, throttled_by=reason))

    def _again(self, connection: Connection, run: Run) -> Run:
        """Go back to the rows that others had locked, with a pause that grows."""
        if run.changed + run.skipped > self.settled:
            self.pass_patience.renew()
        self.settled = run.changed + run.skipped
        if not self.pass_patience.wait():
            raise _stopped(run, f"{run.deferred} rows stayed locked by other sessions")
        return self._patiently(connection, run, partial(next_pass, connection, run))

    def _patiently(self, connection: Connection, run: Run, work: Callable[[], T]) -> T:
        """Do what only a lock or a deadlock may keep from being done, again and again."""
        while True:
            try:
                with self._watched(connection):
                    done = work()
            except DBAPIError as error:
                if not is_transient(error):
                    raise
                log.info("run %d put off: %s", run.id, cause_of(error))
                if not self.patience.wait():
                    raise self._gave_up(run, error) from error
            else:
                self.patience.renew()
                self.blockers.clear()
                return done

    @contextmanager
    def _watched(self, connection: Connection) -> Iterator[None]:
        """Name who blocks, where the last attempt has failed already."""
        if not self.patience.attempts:
            yield
            return
        pid = int(connection.scalar(_PID) or 0)
        connection.rollback()
        with Watch(self.engine, pid, log.warning, blockers=self.blockers):
            yield

    def _rest_after(self, error: DBAPIError, run_id: int) -> None:
        log.warning("connection lost, run %d goes on as soon as it is back", run_id)
        if not self.patience.wait():
            raise RunStoppedError(
                f"run {run_id}: the connection was lost: {cause_of(error)}",
                hint=_RESUME.format(run=run_id),
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
    return RunStoppedError(
        f"run {run.id} stopped: {reason}", hint=hint.replace("{run}", str(run.id))
    )


def _hinted(error: DBAPIError, hint: str) -> str:
    """Return the next step, behind the server's own hint where it has one."""
    inner = driver_error(error)
    own = server_hint(inner).rstrip(".") if inner is not None else ""
    return f"{own}; {hint}" if own else hint


def _finish(connection: Connection, run: Run) -> Run:
    with connection.begin():
        connection.execute(_DURABLE)
        move(connection, run, State.DONE)
        return read_run(connection, run.target_name, run.id)


def _stop(connection: Connection, run: Run, failure: str) -> None:
    """Leave word of why the run stopped, where the connection still allows it."""
    try:
        connection.rollback()
        with connection.begin():
            move(connection, run, State.STOPPED, failure)
    except DBAPIError:
        log.warning("run %d: the reason could not be recorded", run.id)
