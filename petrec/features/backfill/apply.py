"""Apply a backfill: resume an unfinished run, else plan a new one, then run it to its end."""

from dataclasses import dataclass

from sqlalchemy import Connection, Engine

from petrec.features.backfill.plan_file import PlanFile
from petrec.features.backfill.proposals import write_proposals
from petrec.features.backfill.record import write_plan
from petrec.features.backfill.selection import ALL, Selection
from petrec.features.backfill.unfinished import resume
from petrec.features.backfill.work import backfill_work
from petrec.features.runs.driver.driver import Driver
from petrec.features.runs.driver.throttle import Throttling
from petrec.features.runs.run import Observer, Run, Target
from petrec.schema import Schema


@dataclass(frozen=True)
class Planning:
    """Whether an unfinished run is abandoned, and which recordings a new plan may have.

    With `file`, the plan is that of a file.
    """

    anew: bool = False
    selection: Selection = ALL
    file: PlanFile | None = None


_WHOLE = Planning()


def apply_backfill(
    engine: Engine,
    schema: Schema,
    target: Target,
    throttling: Throttling,
    observe: Observer,
    planning: Planning = _WHOLE,
) -> Run | None:
    """Set the pets of recordings; None where there is nothing to do. Errors: see `Driver`."""

    def plan(connection: Connection) -> Run | None:
        run = resume(connection, target, anew=planning.anew)
        return run or _plan(connection, schema, target, planning)

    return Driver(engine, backfill_work(schema), throttling, observe).run(plan)


def _plan(connection: Connection, schema: Schema, target: Target, planning: Planning) -> Run | None:
    """Plan a new run; if there is nothing to do, no run is recorded."""
    with connection.begin_nested() as nested:
        if planning.file is not None:
            run = write_proposals(connection, schema, target, planning.file)
        else:
            run = write_plan(connection, schema, target, planning.selection)
        if run is None:
            nested.rollback()
    return run
