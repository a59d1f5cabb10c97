"""`petrec backfill`: plan, or apply and export the ambiguous rest."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from petrec.cli import options
from petrec.cli.backfill import limits
from petrec.cli.bundle import bundled
from petrec.cli.output import open_output
from petrec.cli.progress import activity
from petrec.cli.run_code import run_code
from petrec.cli.session import open_session
from petrec.documents.formats import Format
from petrec.errors import ExitCode

if TYPE_CHECKING:
    from petrec.features.backfill.result import BackfillPlan


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
        bool, typer.Option("--sql", help="Print the SQL of one batch and exit.")
    ] = False,
    anew: Annotated[
        bool, typer.Option("--anew", help="Abandon an unfinished run, then plan again.")
    ] = False,
    limit: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="N",
            help="Plan at most N recordings, to try a small part first.",
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
    writing: limits.Writing,
    yes: options.Yes = False,
    output_format: options.OutputFormat = Format.TABLE,
    output: options.Output = None,
    quiet: options.Quiet = False,
    connect: options.Connect,
) -> int:
    """Plan the repair of recordings with certain evidence; --apply writes it.

    Examples:
        petrec backfill

        petrec backfill --apply --yes --touch updated_at

        petrec runs undo 1

    """
    from petrec.operations.backfill import apply_backfill, plan_backfill

    session = open_session("backfill", connect)
    if not apply:
        with activity(quiet=quiet) as shown:
            plan = plan_backfill(session, touch=touch or (), limit=limit, step=shown.step)
        if sql:
            with open_output(output) as out:
                out.write(plan.statement + "\n")
            session.remark(quiet=quiet)
        else:
            session.show(plan.document(), output_format, output)
        return ExitCode.CLEAN
    with activity(quiet=quiet) as shown:
        result = apply_backfill(
            session,
            touch=touch or (),
            throttling=writing.throttling(),
            anew=anew,
            limit=limit,
            export=export or Path("reports") / f"ambiguous-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.csv",
            export_empty=export is not None,
            confirm=None if yes else lambda plan: shown.aside(session.ask, _question(plan)),
            step=shown.step,
            progress=shown.progress,
        )
    session.show(result.document(), output_format, output)
    if result.export_failure:
        return ExitCode.UNDETERMINED
    return run_code(result.run, clean=result.is_clean)


def _question(plan: "BackfillPlan") -> str:
    return f"Set the pet of {plan.planned} recordings in {plan.table}?"
