"""`petrec runs resume`."""

from typing import Annotated

import typer

from petrec.cli import options
from petrec.cli.backfill.limits import Writing
from petrec.cli.bundle import bundled
from petrec.cli.driving import asking, driving
from petrec.cli.run_code import run_code
from petrec.cli.session import open_session


@bundled
def resume(
    run: Annotated[int, typer.Argument(metavar="RUN", help="The unfinished run to resume.")],
    *,
    context: typer.Context,
    writing: Writing,
    connect: options.Connect,
) -> int:
    """Resume an unfinished backfill, review import or undo. Needs no file.

    Examples:
        petrec runs resume 1

        petrec runs resume 1 --yes --format json

    """
    from petrec.operations.runs import resume as go_on

    session = open_session("runs", connect, writes=True)
    with driving(context, writing) as shown:
        result = go_on(
            session,
            run,
            throttling=writing.throttling(),
            confirm=asking(session, shown, writing, lambda _: f"Resume run {run}?"),
            progress=shown.progress,
        )
    session.show(result.document(), writing.output_format, writing.output)
    return run_code(result.run, clean=result.is_clean)
