"""`petrec runs resume`."""

from typing import Annotated

import typer

from petrec.cli import options
from petrec.cli.backfill import limits
from petrec.cli.bundle import bundled
from petrec.cli.progress import activity
from petrec.cli.run_code import run_code
from petrec.cli.session import open_session
from petrec.documents.formats import Format


@bundled
def resume(
    run: Annotated[int, typer.Argument(metavar="RUN", help="The unfinished run to resume.")],
    *,
    writing: limits.Writing,
    yes: options.Yes = False,
    output_format: options.OutputFormat = Format.TABLE,
    output: options.Output = None,
    quiet: options.Quiet = False,
    connect: options.Connect,
) -> int:
    """Resume an unfinished backfill, review import or undo. Needs no file.

    Examples:
        petrec runs resume 1

        petrec runs resume 1 --yes --format json

    """
    from petrec.operations.runs import resume as go_on

    session = open_session("runs", connect)
    with activity(quiet=quiet) as shown:
        result = go_on(
            session,
            run,
            throttling=writing.throttling(),
            confirm=None if yes else lambda _: shown.aside(session.ask, f"Resume run {run}?"),
            progress=shown.progress,
        )
    session.show(result.document(), output_format, output)
    return run_code(result.run, clean=result.is_clean)
