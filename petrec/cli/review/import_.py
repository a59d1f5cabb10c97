"""`petrec review import`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from petrec.cli import options
from petrec.cli.backfill.limits import Writing
from petrec.cli.bundle import bundled
from petrec.cli.driving import asking, driving
from petrec.cli.options import Timezone
from petrec.cli.run_code import run_code
from petrec.cli.session import open_session

if TYPE_CHECKING:
    from petrec.operations.review_import import DecisionsToRecord


@bundled
def import_decisions(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Files with decisions.")],
    apply: Annotated[
        bool, typer.Option("--apply", help="Write to the database, in batches that can be undone.")
    ] = False,
    partial: Annotated[
        bool,
        typer.Option(
            "--partial",
            help="Write the valid decisions; write the other lines to FILE.rejects.csv.",
        ),
    ] = False,
    anew: Annotated[
        bool, typer.Option("--anew", help="Abandon an unfinished import, then start this one.")
    ] = False,
    reviewer: Annotated[
        str, typer.Option(metavar="NAME", help="Who decided, for lines without a reviewer.")
    ] = "",
    timezone: Timezone = "",
    plan: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Also write the plan as a CSV to sign: old and new pet, reviewer."
        ),
    ] = None,
    touch: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN", help="Also set this timestamp column to now()."),
    ] = None,
    *,
    context: typer.Context,
    writing: Writing,
    connect: options.Connect,
) -> int:
    """Check files with decisions line by line; --apply writes them, all or none.

    Examples:
        petrec review import cases.xlsx

        petrec review import ada.csv bob.json --apply --yes

        petrec review import cases.csv --apply --partial --reviewer Ada

    """
    from petrec.operations.review_import import Decisions, check_review, import_review

    session = open_session("review", connect, writes=True)
    decisions = Decisions(files, reviewer, touch or (), partial, timezone, plan)
    with driving(context, writing) as shown:
        if not apply:
            result = check_review(session, decisions, step=shown.step)
        else:
            result = import_review(
                session,
                decisions,
                throttling=writing.throttling(),
                anew=anew,
                confirm=asking(session, shown, writing, _question),
                step=shown.step,
                progress=shown.progress,
            )
    session.show(result.document(), writing.output_format, writing.output)
    return run_code(result.run, clean=result.is_clean)


def _question(asked: "DecisionsToRecord") -> str:
    return f"Record {asked.count} decisions about {asked.table}?"
