"""The runs that changed recordings: listed, shown, taken back, left for good."""

from sqlalchemy import Connection

from petrec.features.backfill.apply import apply_undo
from petrec.features.runs.driver.throttle import Throttling
from petrec.features.runs.journal.presence import is_installed
from petrec.features.runs.journal.store import list_runs, read_run
from petrec.features.runs.lineage import read_lineage, read_skips
from petrec.features.runs.result import Abandoned, Lineage, RunList, UndoResult
from petrec.features.runs.resume import abandon_run
from petrec.features.runs.run import Observer, Run
from petrec.features.runs.targets import make_target, mapped_target
from petrec.features.runs.undo import check_null_returns
from petrec.operations.callbacks import Confirm, ignore, require
from petrec.operations.session import Session
from petrec.postgres.writable import check_writable
from petrec.schema import Schema


def runs(session: Session) -> RunList:
    """Return the newest runs and how far they are; can be asked while one is working."""
    target = mapped_target(session.settings.mapping)
    with session.translated(), session.engine.connect() as connection:
        return RunList(list_runs(connection, target) if is_installed(connection) else ())


def history(
    session: Session,
    *,
    run: int | None = None,
    recording: str | None = None,
    limit: int | None = None,
) -> Lineage:
    """Return what a run changed, or all that petrec ever did to one recording, oldest first.

    Errors: RunNotFoundError.
    """
    target = mapped_target(session.settings.mapping)
    with session.translated(), session.engine.connect() as connection:
        if not is_installed(connection):
            return Lineage(())
        if run is not None:
            read_run(connection, target, run)
        return read_lineage(connection, target, run, recording, limit)


def undo(
    session: Session,
    run: int,
    *,
    throttling: Throttling | None = None,
    confirm: Confirm[int] | None = None,
    progress: Observer = ignore,
) -> UndoResult:
    """Take a run back; a row that has changed since is listed in the result and left alone.

    `confirm` is asked with the number of the run. Errors: RunNotFoundError, IllegalTransitionError,
    RunHeldError, RunStoppedError.
    """
    with session.snapshot() as (connection, schema):
        target = make_target(schema)
        _check_undo(connection, schema, target.name, run)
    require(confirm, run)
    given = throttling or Throttling()
    with session.translated():
        done: Run = apply_undo(session.engine, schema, target, run, given, progress)
        with session.engine.connect() as connection:
            return UndoResult(done, read_skips(connection, done.id))


def abandon(session: Session, run: int) -> Abandoned:
    """Leave an unfinished run for good; what it did stays. Errors: RunNotFoundError."""
    target = mapped_target(session.settings.mapping)
    with session.translated():
        return Abandoned(abandon_run(session.engine, target, run))


def _check_undo(connection: Connection, schema: Schema, target_name: str, run: int) -> None:
    if not is_installed(connection):
        return
    written = read_run(connection, target_name, run).target
    links = "DELETE" if written.links else ""
    check_writable(connection, schema, written.columns, links=links)
    check_null_returns(connection, schema, run)
