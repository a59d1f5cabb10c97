"""Apply a backfill: resume what is unfinished, else plan anew, then drive the run to its end."""

from sqlalchemy import Connection, Engine

from petrec.backfill.plan import write_plan
from petrec.backfill.work import backfill_work
from petrec.errors import RunNotFoundError, UsageError
from petrec.journal.drive import Driver, Observer
from petrec.journal.install import is_installed, only_writer
from petrec.journal.runs import move, read_run, unfinished_run
from petrec.journal.throttle import Limits
from petrec.journal.undo import UndoWork, check_target, earlier_undos, plan_undo
from petrec.results.runs import Run, Target
from petrec.schema import Schema


def apply_backfill(
    engine: Engine,
    schema: Schema,
    target: Target,
    limits: Limits,
    observe: Observer,
    *,
    anew: bool = False,
) -> Run | None:
    """Bring the recordings their pets; None where none was to be had. Errors: see `Driver`."""
    with only_writer(engine) as connection:
        run = _resume_or_plan(connection, schema, target, anew=anew)
        if run is None:
            connection.rollback()
            return None
    return Driver(engine, backfill_work(schema), limits, observe).drive(run.id)


def apply_undo(
    engine: Engine, schema: Schema, target: Target, run_id: int, limits: Limits, observe: Observer
) -> Run:
    """Take a run back; errors: RunNotFoundError, IllegalTransitionError, see `Driver`."""
    with engine.connect() as connection:
        if not is_installed(connection):
            raise RunNotFoundError(f"there is no run {run_id}", hint="petrec has written nothing")
    with only_writer(engine) as connection:
        run = _resume(connection, "undo", run_id) or plan_undo(connection, run_id, target)
        earlier = [other for other in earlier_undos(connection, run_id) if other != run.id]
    return Driver(engine, UndoWork(schema, earlier), limits, observe).drive(run.id)


def _resume_or_plan(
    connection: Connection, schema: Schema, target: Target, *, anew: bool
) -> Run | None:
    unfinished = unfinished_run(connection, "backfill")
    if unfinished and anew:
        move(connection, unfinished, "abandoned")
    elif unfinished:
        check_target(unfinished, target)
        if unfinished.target.touch != target.touch:
            touch = ", ".join(unfinished.target.touch) or "no column"
            raise UsageError(
                f"unfinished run {unfinished.id} was started with --touch {touch}",
                hint="give the same --touch to finish it, or --anew to plan the rest again",
            )
        return _resume(connection, "backfill")
    return write_plan(connection, schema, target)


def _resume(connection: Connection, action: str, undoes: int | None = None) -> Run | None:
    unfinished = unfinished_run(connection, action, undoes)
    if unfinished is None:
        return None
    move(connection, unfinished, "running")
    return read_run(connection, unfinished.id)
