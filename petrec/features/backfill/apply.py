"""Apply a backfill: resume what is unfinished, else plan anew, then drive the run to its end."""

from sqlalchemy import Connection, Engine

from petrec.errors import UsageError
from petrec.features.backfill.plan import write_plan
from petrec.features.backfill.work import backfill_work
from petrec.features.runs.driver import Driver, Observer
from petrec.features.runs.install import only_writer, require_journal
from petrec.features.runs.moves import follow_moves
from petrec.features.runs.run import Run, State, Target
from petrec.features.runs.states import move, read_run, unfinished_run
from petrec.features.runs.tables import changes, plan_items
from petrec.features.runs.throttle import Limits
from petrec.features.runs.undo import UndoWork, check_target, earlier_undos, plan_undo
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
    with only_writer(engine, target.name) as connection:
        run = _resume_or_plan(connection, schema, target, anew=anew)
    if run is None:
        return None
    return Driver(engine, backfill_work(schema), limits, observe).drive(run.id)


def apply_undo(
    engine: Engine, schema: Schema, target: Target, run_id: int, limits: Limits, observe: Observer
) -> Run:
    """Take a run back; errors: RunNotFoundError, IllegalTransitionError, see `Driver`."""
    require_journal(engine, run_id)
    with only_writer(engine, target.name) as connection:
        run = _resume_undo(connection, target, run_id) or plan_undo(connection, run_id, target)
        earlier = [other for other in earlier_undos(connection, run_id) if other != run.id]
    return Driver(engine, UndoWork(schema, earlier), limits, observe).drive(run.id)


def _resume_or_plan(
    connection: Connection, schema: Schema, target: Target, *, anew: bool
) -> Run | None:
    unfinished = unfinished_run(connection, target.name, "backfill")
    if unfinished and anew:
        move(connection, unfinished, State.ABANDONED)
    elif unfinished:
        check_target(unfinished, target)
        if unfinished.target.touch != target.touch:
            touch = ", ".join(unfinished.target.touch) or "no column"
            raise UsageError(
                f"unfinished run {unfinished.id} was started with --touch {touch}",
                hint="give the same --touch to finish it, or --anew to plan the rest again",
            )
        move(connection, unfinished, State.RUNNING)
        follow_moves(connection, plan_items, unfinished)
        return read_run(connection, target.name, unfinished.id)
    return _plan(connection, schema, target)


def _plan(connection: Connection, schema: Schema, target: Target) -> Run | None:
    """Plan anew; where nothing is to do, no run stays behind."""
    with connection.begin_nested() as planning:
        run = write_plan(connection, schema, target)
        if run is None:
            planning.rollback()
    return run


def _resume_undo(connection: Connection, target: Target, run_id: int) -> Run | None:
    unfinished = unfinished_run(connection, target.name, "undo", run_id)
    if unfinished is None:
        return None
    move(connection, unfinished, State.RUNNING)
    follow_moves(connection, changes, read_run(connection, target.name, run_id))
    return read_run(connection, target.name, unfinished.id)
