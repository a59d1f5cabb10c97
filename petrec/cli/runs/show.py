"""`petrec runs show`."""

from typing import Annotated

import typer

from petrec.cli import options
from petrec.cli.bundle import bundled
from petrec.cli.session import open_session
from petrec.documents.formats import Format
from petrec.errors import ExitCode, UsageError


@bundled
def show_changes(
    run: Annotated[
        int | None, typer.Argument(metavar="[RUN]", help="The run to show.", show_default=False)
    ] = None,
    recording: Annotated[
        str | None, typer.Option(metavar="ID", help="Show the history of one recording.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Show at most N changes.")] = None,
    output_format: options.OutputFormat = Format.TABLE,
    output: options.Output = None,
    *,
    connect: options.Connect,
) -> int:
    """Show what a run changed, or every change that petrec made to one recording.

    Examples:
        petrec runs show 1

        petrec runs show --recording 7f455fe4-0dd9-b6e6-7932-fb8ab3f0fbc6

    """
    from petrec.operations.runs import history

    if run is None and recording is None:
        raise UsageError("name a run or --recording", hint="petrec runs list lists the runs")
    session = open_session("runs", connect)
    changes = history(session, run=run, recording=recording, limit=limit)
    session.show(changes.document(), output_format, output)
    return ExitCode.CLEAN
