"""Apply a backfill: resume what is unfinished, else plan anew, then drive the run to its end."""

from sqlalchemy import Connection, Engine

from petrec.errors import UsageError
from petrec.features.backfill.plan import write_plan
from petrec.features.backfill.work import backfill_work
from petrec.features.runs.driver.driver import Driver
from petrec.features.runs.driver.throttle import Throttling
from petrec.features.runs.journal.store import change_state, unfinished_run
from petrec.features.runs.resume import take_up
from petrec.features.runs.run import Action, Observer, Run, RunState, Target
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


def _resume_or_plan(
    connection: Connection, schema: Schema, target: Target, *, anew: bool
) -> Run | None:
    unfinished = unfinished_run(connection, target.name, Action.BACKFILL)
    if unfinished and anew:
        change_state(connection, unfinished, RunState.ABANDONED)
    elif unfinished:
        if unfinished.target.touch != target.touch:
            touch = ", ".join(unfinished.target.touch) or "no column"
            raise UsageError(
                Phrased(Phrase.TOUCH_DIFFERS, run=unfinished.id, touch=touch),
                hint=Phrased(Phrase.SAME_TOUCH_OR_ANEW),
            )
        return take_up(connection, unfinished, target)
    return _plan(connection, schema, target)


def _plan(connection: Connection, schema: Schema, target: Target) -> Run | None:
    """Plan anew; where nothing is to do, no run stays behind."""
    with connection.begin_nested() as planning:
        run = write_plan(connection, schema, target)
        if run is None:
            planning.rollback()
    return run
