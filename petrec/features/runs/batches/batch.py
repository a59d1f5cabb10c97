"""One batch: page, locks, guarded write, journal and cursor in one transaction."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from sqlalchemy import Connection, delete, text
from sqlalchemy.exc import DBAPIError

from petrec.features.runs.batches.items import next_page, skip_gone, skip_refused
from petrec.features.runs.batches.refused import RowRefusal, RowsRefusedError, name_refusal
from petrec.features.runs.batches.rewritten import IMMEDIATE, check_triggers
from petrec.features.runs.batches.size import Pace
from petrec.features.runs.batches.split import SplitWrite, Write
from petrec.features.runs.batches.work import Locked, RunWork
from petrec.features.runs.batches.write import Written
from petrec.features.runs.errors import is_refusal, may_pass
from petrec.features.runs.journal.store import update_run
from petrec.features.runs.journal.tables import skips
from petrec.features.runs.run import Run

_WAITERS = text("""
SELECT count(DISTINCT pid) FROM pg_locks
WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))
""")

_BOUND = text("SELECT set_config('statement_timeout', :ms, true)")
# The remaining time is for recording the progress and for the commit.
_WRITE_SHARE = 0.9


@dataclass(frozen=True)
class Batch:
    """A committed batch: the run after it, rows taken, milliseconds, and sessions that waited."""

    run: Run
    taken: int
    took_ms: float
    waiters: int


def run_batch(
    connection: Connection,
    run: Run,
    work: RunWork,
    query: Write,
    pace: Pace,
    *,
    retrying: bool,
) -> Batch:
    """Write as many rows as the pace allows and commit; an error rolls the whole batch back.

    `query` has the run's statements; `retrying` is whether the caller retries a single row that a
    trigger refuses for now. Errors: RowsRefusedError, DBAPIError.
    """
    page: list[int] = []
    try:
        with connection.begin():
            _bound(connection, pace.target_ms)
            page = next_page(connection, run, work, pace.size)
            started = time.monotonic()
            if not page:
                return Batch(run, 0, 0.0, 0)
            after, waiters = _do(connection, run, work, query, pace, page)
    except DBAPIError as error:
        # A deferred constraint refuses at the commit.
        again = retrying and len(page) == 1 and may_pass(error)
        if page and is_refusal(error) and not again:
            raise RowsRefusedError(page, error) from error
        raise
    return Batch(after, len(page), 1000 * (time.monotonic() - started), waiters)


def _do(
    connection: Connection,
    run: Run,
    work: RunWork,
    query: Write,
    pace: Pace,
    page: list[int],
) -> tuple[Run, int]:
    """Lock and write a page; returns the run after it, and how many sessions waited."""
    started = time.monotonic()
    locked = work.lock(connection, run, page)
    if len(page) > 1:
        # The time that the locks have left of the target; a single row starts with all of it.
        left_ms = pace.target_ms - 1000 * (time.monotonic() - started)
        _bound(connection, max(left_ms * _WRITE_SHARE, pace.added_ms))
    written = write_rows(connection, run, work, query, locked)
    left = len(page) - written.changed - written.skipped
    gone = _skip_gone(connection, run, work, query, page) if left else 0
    waiters = connection.scalars(_WAITERS).one()
    took_ms = 1000 * (time.monotonic() - started)
    after = _advance(run, page, left - gone, written, gone)
    after = msgspec.structs.replace(
        after, batch_size=len(page), batch_ms=took_ms, busy_ms=run.busy_ms + took_ms
    )
    _record(connection, after)
    return after, waiters


def skip_row(
    connection: Connection, run: Run, work: RunWork, refused: RowsRefusedError
) -> tuple[Run, RowRefusal]:
    """Skip the only row of a refused batch; returns the run after it, and the reason."""
    with connection.begin():
        refusal = name_refusal(connection, work.schema, refused.error)
        skip_refused(connection, run, work, refused.page, str(refusal))
        after = _advance(run, refused.page, 0, Written(0, 1), 0)
        _record(connection, after)
    return after, refusal


def defer_row(connection: Connection, run: Run, work: RunWork) -> Batch:
    """Defer the next row to a later pass, because it waits for a lock of another session."""
    with connection.begin():
        page = next_page(connection, run, work, 1)
        after = _advance(run, page, len(page), Written(0, 0), 0) if page else run
        _record(connection, after)
    return Batch(after, len(page), 0.0, 0)


def is_refused(connection: Connection, run: Run, work: RunWork, query: Write, number: int) -> bool:
    """Return whether the database would refuse a row; writes nothing in any case."""
    try:
        with connection.begin() as transaction:
            locked = work.lock(connection, run, [number])
            write_rows(connection, run, work, query, locked)
            connection.execute(IMMEDIATE)
            transaction.rollback()
    except DBAPIError as error:
        return is_refusal(error)
    return False


def replan_skips(connection: Connection, run: Run, numbers: Sequence[int]) -> Run:
    """Plan skipped rows again, in a separate pass; returns the run after it."""
    with connection.begin():
        chosen = skips.c.seq.in_(numbers)
        connection.execute(delete(skips).where(skips.c.run_id == run.id, chosen))
        after = _from_the_start(msgspec.structs.replace(run, skipped=run.skipped - len(numbers)))
        _record(connection, after)
    return after


def _bound(connection: Connection, ms: float) -> None:
    """Set a time limit for the batch's next statements."""
    connection.execute(_BOUND, {"ms": f"{max(1, ms):.0f}ms"})


def write_rows(
    connection: Connection, run: Run, work: RunWork, query: Write, locked: Locked
) -> Written:
    """Write some of the items of a run that are locked, and journal them."""
    if not locked.ready:
        return Written(0, 0)
    written = query.write(connection, run, locked)
    work.after_write(connection, run, locked.ready)
    if work.watched:
        otherwise = check_triggers(connection, run, work.schema, locked.ready)
        written = Written(written.changed - otherwise, written.skipped + otherwise)
    return written


def _skip_gone(
    connection: Connection, run: Run, work: RunWork, query: Write, page: Sequence[int]
) -> int:
    if isinstance(query, SplitWrite):
        return query.skip_gone(connection, run, page)
    return skip_gone(connection, run, work, page)


def _advance(run: Run, page: Sequence[int], deferred: int, written: Written, gone: int) -> Run:
    return msgspec.structs.replace(
        run,
        cursor=page[-1],
        changed=run.changed + written.changed,
        skipped=run.skipped + written.skipped + gone,
        deferred=run.deferred + deferred,
        batches=run.batches + 1,
    )


def next_pass(connection: Connection, run: Run) -> Run:
    """Start again with the deferred rows; returns the run after it."""
    after = _from_the_start(run)
    with connection.begin():
        _record(connection, after)
    return after


def _from_the_start(run: Run) -> Run:
    return msgspec.structs.replace(run, pass_number=run.pass_number + 1, cursor=0, deferred=0)


_PROGRESS = ("cursor", "changed", "skipped", "deferred", "batches", "batch_size", "batch_ms",
             "busy_ms")  # fmt: skip


def _record(connection: Connection, run: Run) -> None:
    values = {name: getattr(run, name) for name in _PROGRESS}
    update_run(connection, run.id, values | {"pass": run.pass_number, "throttled_by": None})
