"""One batch: page, locks, guarded write, journal and cursor in one transaction."""

import time
from dataclasses import dataclass

import msgspec
from sqlalchemy import Connection, text

from petrec.journal.runs import record
from petrec.journal.work import Work, lock_recordings, next_page, skip_gone
from petrec.journal.write import Written, write_batch
from petrec.results.runs import Run

_WAITERS = text("""
SELECT count(DISTINCT pid) FROM pg_locks
WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))
""")


@dataclass(frozen=True)
class Batch:
    """A committed batch: the run as it is now, rows taken, milliseconds, sessions kept waiting."""

    run: Run
    taken: int
    took_ms: float
    waiters: int


def run_batch(connection: Connection, run: Run, work: Work, size: int) -> Batch:
    """Do up to `size` rows and commit; on any error nothing of them has happened."""
    with connection.begin():
        page = next_page(connection, run, work, size)
        started = time.monotonic()
        if not page:
            return Batch(run, 0, 0.0, 0)
        locked = lock_recordings(connection, run, work, page)
        missing = sorted(set(page) - set(locked))
        gone = skip_gone(connection, run, work, missing) if missing else 0
        ready = work.lock(connection, run, locked)
        written = _write(connection, run, work, ready)
        waiters = connection.scalars(_WAITERS).one()
        took_ms = 1000 * (time.monotonic() - started)
        after = _advance(run, page, len(missing) - gone + len(locked) - len(ready), written, gone)
        after = msgspec.structs.replace(
            after, batch_size=len(page), batch_ms=took_ms, busy_ms=run.busy_ms + took_ms
        )
        _record(connection, after)
    return Batch(after, len(page), 1000 * (time.monotonic() - started), waiters)


def _write(connection: Connection, run: Run, work: Work, ready: list[int]) -> Written:
    if not ready:
        return Written(0, 0)
    written = write_batch(connection, work.schema, run, work.guarded(run, ready))
    work.settle(connection, run, ready)
    return written


def _advance(run: Run, page: list[int], deferred: int, written: Written, gone: int) -> Run:
    return msgspec.structs.replace(
        run,
        cursor=page[-1],
        changed=run.changed + written.changed,
        skipped=run.skipped + written.skipped + gone,
        deferred=run.deferred + deferred,
        batches=run.batches + 1,
    )


def next_pass(connection: Connection, run: Run) -> Run:
    """Start again with the rows that others had locked; returns the run as it is now."""
    after = msgspec.structs.replace(run, pass_=run.pass_ + 1, cursor=0, deferred=0)
    with connection.begin():
        _record(connection, after)
    return after


_PROGRESS = ("cursor", "changed", "skipped", "deferred", "batches", "batch_size", "batch_ms",
             "busy_ms")  # fmt: skip


def _record(connection: Connection, run: Run) -> None:
    values = {name: getattr(run, name) for name in _PROGRESS}
    record(connection, run.id, values | {"pass": run.pass_, "throttled_by": None})
