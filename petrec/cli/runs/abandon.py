"""`petrec runs abandon`."""

from typing import Annotated

import typer

from petrec.cli import options
from petrec.cli.bundle import bundled
from petrec.cli.session import confirm, open_session
from petrec.documents.formats import Format
from petrec.errors import ExitCode


@bundled
def abandon(
    run: Annotated[int, typer.Argument(metavar="RUN", help="The unfinished run to leave.")],
    *,
    yes: options.Yes = False,
    output_format: options.OutputFormat = Format.TABLE,
    output: options.Output = None,
    connect: options.Connect,
) -> int:
    """Leave an unfinished backfill, review import or undo for good; what it did stays.

    Examples:
        petrec runs abandon 1

        petrec runs abandon 1 --yes --format json

    """
    from petrec.operations.runs import abandon as leave

    session = open_session("runs", connect)
    confirm(f"Leave run {run} for good?", yes=yes)
    session.show(leave(session, run).document(), output_format, output)
    return ExitCode.CLEAN
