"""`petrec runs list`."""

from typing import Annotated

import typer

from petrec.cli import options
from petrec.cli.bundle import bundled
from petrec.cli.session import open_session
from petrec.documents.formats import Format
from petrec.errors import ExitCode


@bundled
def list_runs(
    limit: Annotated[int, typer.Option(min=1, help="Show at most N runs, the newest first.")] = 20,
    output_format: options.OutputFormat = Format.TABLE,
    output: options.Output = None,
    *,
    connect: options.Connect,
) -> int:
    """List the runs, with time, role, table, counts and undo; works while a run is active.

    Examples:
        petrec runs list

        watch -n1 petrec runs list

    """
    from petrec.operations.runs import runs

    session = open_session("runs", connect)
    session.show(runs(session, limit=limit).document(), output_format, output)
    return ExitCode.CLEAN
