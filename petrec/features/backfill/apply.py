"""Apply a backfill: resume what is unfinished, else plan anew, then drive the run to its end."""

from sqlalchemy import Connection, Engine

from petrec.errors import UsageError
from petrec.features.backfill.plan import write_plan
from petrec.features.backfill.work import backfill_work
from petrec.features.runs.driver.driver import Driver
from petrec.features.runs.driver.throttle import Throttling
from petrec.features.runs.journal.keys import follow_moves
from petrec.features.runs.journal.presence import require_journal
from petrec.features.runs.journal.store import change_state, read_run, unfinished_run
from petrec.features.runs.journal.tables import changes, plan_items
from petrec.features.runs.run import Action, Observer, Run, RunState, Target
from petrec.features.runs.targets import check_target
from petrec.features.runs.undo import UndoWork, earlier_undos, plan_undo
from petrec.phrases import Phrase, Phrased
from petrec.schema import Schema


def apply_backfill(
    engine: Engine,
    schema: Schema,
    target: Target,
    throttling: Throttling,
    observe: Observer,
    *,
    anew: bool = False,
) -> Run | None:
    """Bring the recordings their pets; None where none was to be had. Errors: see `Driver`."""

    def plan(connection: Connection) -> Run | None:
        return _resume_or_plan(connection, schema, target, anew=anew)

    return Driver(engine, backfill_work(schema), throttling, observe).run(plan)


def apply_undo(
    engine: Engine,
    schema: Schema,
    target: Target,
    run_id: int,
    throttling: Throttling,
    observe: Observer,
) -> Run:
    """Take a run back; errors: RunNotFoundError, IllegalTransitionError, see `Driver`."""
    require_journal(engine, run_id)
    work = UndoWork(schema)

    def plan(connection: Connection) -> Run:
        run = _resume_undo(connection, target, run_id) or plan_undo(connection, run_id, target)
        undos = earlier_undos(connection, run_id)
        work.settled_by = [other for other in undos if other != run.id]
        return run

    return Driver(engine, work, throttling, observe).run(plan)


def _resume_or_plan(
    connection: Connection, schema: Schema, target: Target, *, anew: bool
) -> Run | None:
    unfinished = unfinished_run(connection, target.name, Action.BACKFILL)
    if unfinished and anew:
        change_state(connection, unfinished, RunState.ABANDONED)
    elif unfinished:
        check_target(unfinished, target)
        if unfinished.target.touch != target.touch:
            touch = ", ".join(unfinished.target.touch) or "no column"
            raise UsageError(
                Phrased(Phrase.TOUCH_DIFFERS, run=unfinished.id, touch=touch),
                hint=Phrased(Phrase.SAME_TOUCH_OR_ANEW),
            )
        change_state(connection, unfinished, RunState.RUNNING)
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
    unfinished = unfinished_run(connection, target.name, Action.UNDO, run_id)
    if unfinished is None:
        return None
    change_state(connection, unfinished, RunState.RUNNING)
    follow_moves(connection, changes, read_run(connection, target.name, run_id))
    return read_run(connection, target.name, unfinished.id)
