"""Reasons to wait between batches: a pause file, replica lag, a rate limit, waiting sessions."""

import logging
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from petrec.errors import LagUnknownError
from petrec.features.runs.batches.batch import Batch
from petrec.features.runs.driver.stop import stopped
from petrec.features.runs.errors import is_transient
from petrec.features.runs.journal.store import update_run
from petrec.features.runs.run import Observer, Run
from petrec.phrases import Phrase, Phrased

log = logging.getLogger("petrec.features.runs")

_POLL_S = 0.2

_REPLICAS = text("""
SELECT concat_ws(' ', nullif(application_name, ''), host(client_addr)) AS name,
       state IS NOT NULL AS visible,
       coalesce(replay_lsn, flush_lsn, write_lsn) - '0/0'::pg_lsn AS position,
       pg_current_wal_lsn() - '0/0'::pg_lsn AS head
FROM pg_stat_replication
""")


@dataclass(frozen=True)
class Throttling:
    """The limits of a run, in milliseconds, bytes, seconds and rows per second."""

    target_ms: float = 250.0
    max_lag_bytes: int = 64 * 1024 * 1024
    max_lag_s: float = 10.0
    ignore_lag: bool = False
    max_rows_per_second: float | None = None
    pause_file: Path | None = None
    deadline_s: float = 300.0


@dataclass
class LagMeter:
    """Replication lag in bytes, and in seconds since the primary had the replica's position."""

    heads: deque[tuple[float, int]] = field(default_factory=lambda: deque(maxlen=10_000))
    seen: set[str] = field(default_factory=set)

    def reason(self, connection: Connection, throttling: Throttling) -> str | None:
        """Return which replica is too far behind, if any; errors: LagUnknownError."""
        if throttling.ignore_lag:
            return None
        replicas = connection.execute(_REPLICAS).all()
        now = time.monotonic()
        for replica in replicas:
            if not replica.visible or replica.position is None:
                raise LagUnknownError(
                    f"cannot read the lag of replica {replica.name!r}",
                    hint=Phrased(Phrase.LAG_IGNORED),
                )
        names = {replica.name for replica in replicas}
        for absent in self.seen - names:
            return f"replica {absent!r} is not connected, its lag is unknown"
        self.seen = names
        for replica in replicas:
            self.heads.append((now, int(replica.head)))
            behind = int(replica.head - replica.position)
            seconds = self._seconds(int(replica.position), now)
            if behind > throttling.max_lag_bytes or seconds > throttling.max_lag_s:
                return f"replica {replica.name!r} is {behind} bytes, {seconds:.0f} s behind"
        return None

    def _seconds(self, position: int, now: float) -> float:
        ahead = (moment for moment, head in self.heads if head > position)
        return now - next(ahead, now)


def pause_reason(throttling: Throttling) -> str | None:
    """Return why the pause file pauses the run; a file that cannot be checked pauses it, too."""
    file = throttling.pause_file
    if file is None:
        return None
    try:
        file.stat()
    except FileNotFoundError:
        return None
    except OSError as error:
        return f"paused: cannot check {file}: {error.strerror}"
    return f"paused by {file}"


def rate_pause(throttling: Throttling, rows: int, took_ms: float) -> float:
    """Return how many seconds to sleep to keep the rate limit."""
    if not throttling.max_rows_per_second:
        return 0.0
    return max(0.0, rows / throttling.max_rows_per_second - took_ms / 1000)


@dataclass
class Lap:
    """The time since the last batch, without what a person paused."""

    since: float = field(default_factory=time.monotonic)
    paused_s: float = 0.0

    def end(self) -> float:
        """Return the milliseconds of this lap, and begin the next."""
        now = time.monotonic()
        took_s = now - self.since - self.paused_s
        self.since, self.paused_s = now, 0.0
        return 1000 * took_s


@dataclass
class Throttle:
    """The waits of one run, reported to its record and its observer."""

    throttling: Throttling
    observe: Observer
    lag: LagMeter = field(default_factory=LagMeter)
    lap: Lap = field(default_factory=Lap)

    def wait_while_throttled(self, connection: Connection, run: Run) -> None:
        """Wait while the pause file exists, and for replicas up to the deadline."""
        reported, since = None, time.monotonic()
        while True:
            looked = time.monotonic()
            paused = pause_reason(self.throttling)
            with connection.begin():
                reason = paused or self.lag.reason(connection, self.throttling)
            if reason is None:
                return
            if paused:
                since = time.monotonic()
            elif time.monotonic() - since > self.throttling.deadline_s:
                raise stopped(run, f"waited {self.throttling.deadline_s:g} s: {reason}")
            if reason != reported:
                log.warning("run %d is waiting: %s", run.id, reason)
                self._report(connection, run, reason)
                reported = reason
            time.sleep(_POLL_S)
            if paused:
                self.lap.paused_s += time.monotonic() - looked

    def rest_after(self, connection: Connection, before: Run, batch: Batch) -> Run:
        """Rest for the rate limit, and for sessions that were kept waiting.

        Returns the run with the time that it has taken since `before`, the rest included.
        """
        pause, reason = self._rest(batch)
        busy_ms = before.busy_ms + self.lap.end() + 1000 * pause
        run = msgspec.structs.replace(batch.run, busy_ms=busy_ms)
        if pause:
            self._report(connection, run, reason)
            time.sleep(pause)
            self.lap.end()
        else:
            self.observe(run)
        return run

    def _rest(self, batch: Batch) -> tuple[float, str]:
        """Return how many seconds to rest, and why."""
        pause = rate_pause(self.throttling, batch.taken, batch.took_ms)
        if batch.waiters and pause < batch.took_ms / 1000:
            # They waited behind this batch: pause for the same time before the next.
            waited = f"pausing for {batch.waiters} sessions that waited for petrec's locks"
            return batch.took_ms / 1000, waited
        return pause, f"limited to {self.throttling.max_rows_per_second:g} rows/s" if pause else ""

    def _report(self, connection: Connection, run: Run, reason: str) -> None:
        """Record why the run waits, unless recording would wait, too."""
        try:
            with connection.begin():
                values = {"throttled_by": reason, "busy_ms": run.busy_ms}
                update_run(connection, run.id, values)
        except DBAPIError as error:
            if not is_transient(error):
                raise
        self.observe(msgspec.structs.replace(run, throttled_by=reason))
