"""`petrec backfill`: plan, or apply and export the ambiguous rest."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from petrec.cli import options
from petrec.cli.backfill.limits import Writing
from petrec.cli.backfill.part import PartOptions
from petrec.cli.backfill.plan import backfill_plan, question
from petrec.cli.bundle import bundled
from petrec.cli.driving import asking, driving
from petrec.cli.output import open_output
from petrec.cli.progress import activity
from petrec.cli.run_code import run_code
from petrec.cli.session import open_session
from petrec.errors import ExitCode, UsageError


@bundled
def backfill(
    apply: Annotated[
        bool, typer.Option("--apply", help="Write to the database, in batches that can be undone.")
    ] = False,
    touch: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN", help="Also set this timestamp column to now()."),
    ] = None,
    sql: Annotated[
        bool, typer.Option("--sql", help="Print one batch as a script for psql and exit.")
    ] = False,
    anew: Annotated[
        bool, typer.Option("--anew", help="Abandon an unfinished run, then plan again.")
    ] = False,
    plan: Annotated[
        Path | None,
        typer.Option(
            "--plan",
            metavar="FILE",
            help="Judge and write the recordings and pets of this CSV or JSONL file alone.",
            show_default=False,
        ),
    ] = None,
    export: Annotated[
        Path | None,
        typer.Option(
            help="CSV file for the ambiguous recordings. Default: reports/ambiguous-TIME.csv"
        ),
    ] = None,
    *,
    context: typer.Context,
    part: PartOptions,
    writing: Writing,
    connect: options.Connect,
) -> int:
    """Plan the repair of recordings with certain evidence; --apply writes it.

    Examples:
        petrec backfill

        petrec backfill --sql --limit 10 --output batch.sql

        petrec backfill --apply --limit 100 --where practice_id=ID --since 7d

        petrec backfill --apply --yes --touch updated_at

        petrec backfill --plan judged.csv

        petrec runs undo 1

    """
    from petrec.operations.backfill import apply_backfill, plan_backfill

    if plan is not None:
        if sql or export or part != PartOptions():
            raise UsageError(
                "--plan names the recordings, so no option can choose others",
                hint="leave out --sql, --export, --limit, --where and --since",
            )
        return backfill_plan(plan, apply, touch or (), anew, context, writing, connect)
    session = open_session("backfill", connect, writes=True)
    if not apply:
        with activity(quiet=writing.quiet) as shown:
            found = plan_backfill(
                session,
                touch=touch or (),
                limit=part.limit,
                where=part.values(),
                since=part.since,
                anew=anew,
                step=shown.step,
            )
        if sql and not found.script:
            raise UsageError(
                "on Citus the rows of a batch travel as parameters, so there is no script for psql",
                hint="leave out --sql; the plan needs none",
            )
        if sql:
            with open_output(writing.output) as out:
                out.write(found.script)
            session.remark(quiet=writing.quiet)
        else:
            session.show(found.document(), writing.output_format, writing.output)
        return ExitCode.CLEAN
    with driving(context, writing) as shown:
        result = apply_backfill(
            session,
            touch=touch or (),
            throttling=writing.throttling(),
            anew=anew,
            limit=part.limit,
            where=part.values(),
            since=part.since,
            export=export or Path("reports") / f"ambiguous-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.csv",
            export_empty=export is not None,
            confirm=asking(session, shown, writing, question),
            step=shown.step,
            progress=shown.progress,
        )
    session.show(result.document(), writing.output_format, writing.output)
    if result.export_failure:
        return ExitCode.UNDETERMINED
    return run_code(result.run, clean=result.is_clean)
