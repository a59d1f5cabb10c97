"""The runs that changed recordings: list, show, undo, resume and abandon."""

from collections.abc import Callable
from functools import partial

from sqlalchemy import Connection

from petrec.features.backfill.work import backfill_work
from petrec.features.review.work import ReviewWork
from petrec.features.runs.batches.work import RunWork
from petrec.features.runs.change import Lineage
from petrec.features.runs.driver.driver import Driver
from petrec.features.runs.driver.throttle import Throttling
from petrec.features.runs.edits import EditWork
from petrec.features.runs.journal.lock import naming_blockers, reading
from petrec.features.runs.journal.presence import is_installed, require_journal
from petrec.features.runs.journal.store import check_transition, list_runs, read_run
from petrec.features.runs.lineage import read_lineage, read_skips
from petrec.features.runs.result import Abandoned, MovedOn, Resumed, RunList, UndoPlan, UndoResult
from petrec.features.runs.resume import abandon_run, plan_resume
from petrec.features.runs.run import Action, Observer, Run, RunState, Target
from petrec.features.runs.targets import make_target, mapped_target
from petrec.features.runs.undo.plan import check_null_returns, undo_target
from petrec.features.runs.undo.plan import plan_undo as create_undo
from petrec.features.runs.undo.preview import preview_undo
from petrec.features.runs.undo.work import UndoWork
from petrec.operations.callbacks import Confirm, ignore, require
from petrec.operations.session import Session
from petrec.postgres.writable import check_writable
from petrec.schema import Schema

_MOST = 20


def runs(session: Session, *, limit: int = _MOST) -> RunList:
    """Return the newest runs and their progress; works while a run is active."""
    target = mapped_target(session.settings.mapping)
    with session.translated(), reading(session.engine) as connection:
        return RunList(list_runs(connection, target, limit) if is_installed(connection) else ())


def history(
    session: Session,
    *,
    run: int | None = None,
    recording: str | None = None,
    limit: int | None = None,
) -> Lineage:
    """Return what a run changed, or every change that petrec made to one recording, oldest first.

    Errors: RunNotFoundError.
    """
    target = mapped_target(session.settings.mapping)
    with session.translated(), reading(session.engine) as connection:
        if run is not None:
            _read(connection, target, run)
        elif not is_installed(connection):
            return Lineage(())
        return read_lineage(connection, target, run, recording, limit)


def plan_undo(session: Session, run: int) -> UndoPlan:
    """Return what an undo of a run would restore and skip; writes nothing.

    Errors: RunNotFoundError, IllegalTransitionError.
    """
    with session.snapshot() as (connection, schema), naming_blockers(connection):
        target = make_target(schema)
        undone = _read(connection, target.name, run)
        return preview_undo(connection, schema, target, undone)


def undo(
    session: Session,
    run: int,
    *,
    throttling: Throttling | None = None,
    confirm: Confirm[int] | None = None,
    progress: Observer = ignore,
) -> UndoResult:
    """Undo a run; rows that have changed since are listed in the result and skipped.

    `confirm` is called with the number of the run. Errors: RunNotFoundError,
    IllegalTransitionError, RunHeldError, RunStoppedError.
    """
    with session.snapshot() as (connection, schema), naming_blockers(connection):
        target = make_target(schema)
        undone = _read(connection, target.name, run)
        _check_undo(connection, schema, undo_target(connection, undone), run)
    require(confirm, run)
    plan = partial(create_undo, run_id=run, target=target)
    return UndoResult(*_driven(session, UndoWork(schema), plan, throttling, progress))


def resume(
    session: Session,
    run: int,
    *,
    throttling: Throttling | None = None,
    confirm: Confirm[Run] | None = None,
    progress: Observer = ignore,
) -> Resumed:
    """Finish an unfinished run: a backfill, a review import or an undo.

    A review import needs no file: its decisions were recorded before the first was written. Errors:
    RunNotFoundError, IllegalTransitionError, RunHeldError, RunStoppedError.
    """
    with session.snapshot() as (connection, schema), naming_blockers(connection):
        target = make_target(schema)
        unfinished = _read(connection, target.name, run)
        check_transition(unfinished, RunState.RUNNING)
        if unfinished.undoes is not None:
            _check_undo(connection, schema, unfinished.target, unfinished.undoes)
        else:
            links = "INSERT" if unfinished.target.links else ""
            written = unfinished.target
            locks = unfinished.action is not Action.SWEEP
            check_writable(connection, schema, written.columns, links=links, locks=locks)
    require(confirm, unfinished)
    plan = partial(plan_resume, run_id=run, target=target)
    return Resumed(*_driven(session, _work(schema, unfinished), plan, throttling, progress))


def abandon(session: Session, run: int, *, confirm: Confirm[int] | None = None) -> Abandoned:
    """Abandon an unfinished run; what it has written stays.

    `confirm` is called with the number of the run. Errors: RunNotFoundError,
    IllegalTransitionError, RunHeldError.
    """
    target = mapped_target(session.settings.mapping)
    with session.translated(), reading(session.engine) as connection:
        check_transition(_read(connection, target, run), RunState.ABANDONED)
    require(confirm, run)
    with session.translated():
        return Abandoned(abandon_run(session.engine, target, run))


def _driven(
    session: Session,
    work: RunWork,
    plan: Callable[[Connection], Run],
    throttling: Throttling | None,
    progress: Observer,
) -> tuple[Run, tuple[MovedOn, ...]]:
    """Drive a run to its end; returns it with the rows that it did not write as planned."""
    with session.translated():
        driver = Driver(session.engine, work, throttling or Throttling(), progress)
        done = driver.run(plan)
        with reading(session.engine) as connection:
            return done, read_skips(connection, done.id)


def _read(connection: Connection, target_name: str, run: int) -> Run:
    require_journal(connection, run)
    return read_run(connection, target_name, run)


def _check_undo(connection: Connection, schema: Schema, written: Target, run: int) -> None:
    links = "DELETE" if written.links else ""
    check_writable(connection, schema, written.columns, links=links, locks=False)
    check_null_returns(connection, schema, run)


def _work(schema: Schema, run: Run) -> RunWork:
    match run.action:
        case Action.BACKFILL:
            return backfill_work(schema)
        case Action.REVIEW:
            return ReviewWork(schema)
        case Action.SWEEP | Action.CORRECTION:
            return EditWork(schema)
        case Action.UNDO:
            return UndoWork(schema)
