"""A plan made elsewhere: recordings and pets of a file, judged again before they are written."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from petrec.features.backfill.apply import Planning, apply_backfill
from petrec.features.backfill.plan_file import PlanFile
from petrec.features.backfill.proposals import MOST_LISTED, judge_plan
from petrec.features.backfill.proposed import ProposedBackfill
from petrec.features.backfill.unfinished import foresee_unfinished
from petrec.features.runs.driver.throttle import Throttling
from petrec.features.runs.foresight import foresee
from petrec.features.runs.lineage import read_skips
from petrec.features.runs.result import MovedOn
from petrec.features.runs.run import Observer, Target
from petrec.features.runs.targets import make_target
from petrec.operations.callbacks import Confirm, Step, ignore, require
from petrec.operations.session import Session
from petrec.postgres.writable import check_writable
from petrec.schema import Schema


def judge_plan_file(
    session: Session,
    path: Path,
    *,
    touch: Sequence[str] = (),
    anew: bool = False,
    step: Step = ignore,
) -> ProposedBackfill:
    """Judge the lines of a plan by petrec's rules; writes nothing.

    The file is CSV, or JSON lines if its name ends in .jsonl, with recording_id and pet_id. A line
    holds if certain evidence names its pet. `anew` would abandon an unfinished run. Errors:
    UsageError with the lines that cannot be used.
    """
    return _judge(session, PlanFile(path), touch, step, anew=anew)[0]


def apply_plan_file(
    session: Session,
    path: Path,
    *,
    touch: Sequence[str] = (),
    throttling: Throttling | None = None,
    anew: bool = False,
    confirm: Confirm[ProposedBackfill] | None = None,
    step: Step = ignore,
    progress: Observer = ignore,
) -> ProposedBackfill:
    """Write the lines of a plan that hold, as a run that can be undone; see `judge_plan_file`.

    Each is judged once more under lock. An unfinished run of the same file is resumed, or with
    `anew` abandoned. `confirm` is called with the judgement before anything is written.
    """
    file = PlanFile(path)
    judged, schema, target = _judge(session, file, touch, step, anew=anew, writes=True)
    require(confirm, judged)
    with session.translated():
        run = apply_backfill(
            session.engine, schema, target, throttling or Throttling(), progress,
            Planning(anew, file=file),
        )  # fmt: skip
        not_written: tuple[MovedOn, ...] = ()
        if run is not None and run.skipped:
            with session.engine.connect() as connection:
                not_written = read_skips(connection, run.id, limit=MOST_LISTED)
    lapsed = file.count_held() if judged.resumes is None else 0
    return msgspec.structs.replace(
        judged, applied=True, run=run, not_written=not_written, lapsed=lapsed
    )


def _judge(
    session: Session,
    file: PlanFile,
    touch: Sequence[str],
    step: Step,
    *,
    anew: bool,
    writes: bool = False,
) -> tuple[ProposedBackfill, Schema, Target]:
    with session.snapshot() as (connection, schema):
        # A run is of one content: another file of the same name is another plan.
        target = make_target(schema, touch, (f"the plan with SHA-256 {file.digest[:16]}",))
        unfinished = foresee_unfinished(connection, target, anew=anew)
        if writes:
            check_writable(connection, schema, target.columns)
            unfinished.require()
        step("judging the plan")
        judgement = judge_plan(connection, schema, file)
        foresight = foresee(connection, schema, target)
    result = ProposedBackfill(
        table=target.table,
        judgement=judgement,
        obstacles=(*unfinished.obstacles, *foresight.obstacles),
        warnings=(*foresight.warnings, *map(str, judgement.refusals.checks)),
        resumes=unfinished.resumes,
        abandons=unfinished.abandons,
    )
    return result, schema, target
