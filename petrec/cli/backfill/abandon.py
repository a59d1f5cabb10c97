"""`petrec backfill abandon`."""

from typing import Annotated

import typer

from petrec.cli import options
from petrec.cli.bundle import bundled
from petrec.cli.confirm import confirm
from petrec.cli.session import open_session
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
        petrec backfill abandon 1

        petrec backfill abandon 1 --yes --format json

    """
    from petrec.features.runs.result import Abandoned
    from petrec.features.runs.resume import abandon_run
    from petrec.features.runs.targets import mapped_target

    session = open_session("abandon", connect)
    confirm(f"Leave run {run} for good?", yes=yes)
    with session.translated():
        left = abandon_run(session.engine, mapped_target(session.settings.mapping), run)
    session.show(Abandoned(left).document(), output_format, output)
    return ExitCode.CLEAN
