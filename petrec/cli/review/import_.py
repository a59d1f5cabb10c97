"""`petrec review import`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from petrec.cli import options
from petrec.cli.backfill import limits
from petrec.cli.bundle import bundled
from petrec.cli.progress import activity
from petrec.cli.run_code import run_code
from petrec.cli.session import open_session
from petrec.documents.formats import Format

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
    touch: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN", help="Also set this timestamp column to now()."),
    ] = None,
    *,
    writing: limits.Writing,
    yes: options.Yes = False,
    output_format: options.OutputFormat = Format.TABLE,
    output: options.Output = None,
    quiet: options.Quiet = False,
    connect: options.Connect,
) -> int:
    """Check files with decisions line by line; --apply writes them, all or none.

    Examples:
        petrec review import cases.xlsx

        petrec review import ada.csv bob.json --apply --yes

        petrec review import cases.csv --apply --partial --reviewer Ada

    """
    from petrec.operations.review_import import Decisions, check_review, import_review

    session = open_session("review", connect)
    decisions = Decisions(files, reviewer, touch or (), partial)
    with activity(quiet=quiet) as shown:
        if not apply:
            result = check_review(session, decisions, step=shown.step)
        else:
            result = import_review(
                session,
                decisions,
                throttling=writing.throttling(),
                anew=anew,
                confirm=None if yes else lambda asked: shown.aside(session.ask, _question(asked)),
                step=shown.step,
                progress=shown.progress,
            )
    session.show(result.document(), output_format, output)
    return run_code(result.run, clean=result.is_clean)


def _question(asked: "DecisionsToRecord") -> str:
    return f"Record {asked.count} decisions about {asked.table}?"
