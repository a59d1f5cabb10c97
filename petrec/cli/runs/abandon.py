"""`petrec runs abandon`."""

from typing import Annotated

import typer

from petrec.cli import options
from petrec.cli.bundle import bundled
from petrec.cli.session import open_session
from petrec.errors import ExitCode


@bundled
def abandon(
    run: Annotated[int, typer.Argument(metavar="RUN", help="The unfinished run to abandon.")],
    *,
    yes: options.Yes = False,
    printing: options.Printing,
    connect: options.Connect,
) -> int:
    """Abandon an unfinished run; what it wrote stays, and can be undone.

    Examples:
        petrec runs abandon 1

        petrec runs abandon 1 --yes --format json

    """
    from petrec.operations.runs import abandon as leave

    session = open_session("runs", connect, writes=True)
    asked = None if yes else lambda _: session.ask(f"Abandon run {run}?")
    left = leave(session, run, confirm=asked)
    session.show(left.document(), printing.output_format, printing.output)
    return ExitCode.CLEAN
