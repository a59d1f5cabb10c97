"""`petrec backfill show`."""

from typing import Annotated

import typer

from petrec.cli import options
from petrec.cli.bundle import bundled
from petrec.cli.output import show
from petrec.cli.session import open_session
from petrec.documents.formats import Format
from petrec.errors import ExitCode, UsageError


@bundled
def show_lineage(
    run: Annotated[
        int | None, typer.Argument(metavar="[RUN]", help="The run.", show_default=False)
    ] = None,
    recording: Annotated[
        str | None, typer.Option(metavar="ID", help="The history of one recording.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many changes.")] = None,
    output_format: options.OutputFormat = Format.TABLE,
    output: options.Output = None,
    *,
    connect: options.Connect,
) -> int:
    """Show what a run changed, or everything that petrec ever did to one recording.

    Examples:
        petrec backfill show 1

        petrec backfill show --recording 7f455fe4-0dd9-b6e6-7932-fb8ab3f0fbc6

    """
    from petrec.features.runs.journal.presence import is_installed
    from petrec.features.runs.journal.store import read_run
    from petrec.features.runs.lineage import read_lineage
    from petrec.features.runs.result import Lineage
    from petrec.features.runs.targets import mapped_target

    if run is None and recording is None:
        raise UsageError("name a run or --recording", hint="petrec backfill status lists the runs")
    session = open_session("show", connect)
    target = mapped_target(session.settings.mapping)
    with session.translated(), session.engine.connect() as connection:
        if not is_installed(connection):
            lineage = Lineage(())
        else:
            if run is not None:
                read_run(connection, target, run)
            lineage = read_lineage(connection, target, run, recording, limit)
    show(lineage.document(), output_format, output)
    return ExitCode.CLEAN
