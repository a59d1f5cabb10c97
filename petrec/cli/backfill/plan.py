"""`petrec backfill --plan`: recordings and pets that were judged elsewhere."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from petrec.cli import options
from petrec.cli.backfill.limits import Writing
from petrec.cli.driving import asking, driving
from petrec.cli.progress import activity
from petrec.cli.run_code import run_code
from petrec.cli.session import open_session

if TYPE_CHECKING:
    from petrec.features.backfill.proposed import ProposedBackfill
    from petrec.features.backfill.result import BackfillPlan


def backfill_plan(
    file: Path,
    apply: bool,
    touch: Sequence[str],
    anew: bool,
    context: typer.Context,
    writing: Writing,
    connect: options.Connect,
) -> int:
    """Judge a plan, and write it with `apply`; 1 unless every line holds or is done already."""
    from petrec.operations.backfill_plan import apply_plan_file, judge_plan_file

    session = open_session("backfill", connect, writes=True)
    if not apply:
        with activity(quiet=writing.quiet) as shown:
            result = judge_plan_file(session, file, touch=touch, anew=anew, step=shown.step)
    else:
        with driving(context, writing) as shown:
            result = apply_plan_file(
                session,
                file,
                touch=touch,
                throttling=writing.throttling(),
                anew=anew,
                confirm=asking(session, shown, writing, question),
                step=shown.step,
                progress=shown.progress,
            )
    session.show(result.document(), writing.output_format, writing.output)
    return run_code(result.run, clean=result.is_clean)


def question(plan: "BackfillPlan | ProposedBackfill") -> str:
    """Return what a person is asked before anything is written."""
    if plan.resumes:
        return f"Resume run {plan.resumes} in {plan.table}?"
    return f"{plan.summary[0].upper()}{plan.summary[1:]}?"
