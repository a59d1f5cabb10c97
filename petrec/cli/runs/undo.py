"""`petrec runs undo`."""

from typing import Annotated

import typer

from petrec.cli import options
from petrec.cli.backfill.limits import Writing
from petrec.cli.bundle import bundled
from petrec.cli.driving import asking, driving
from petrec.cli.run_code import run_code
from petrec.cli.session import open_session
from petrec.errors import ExitCode


@bundled
def undo(
    run: Annotated[int, typer.Argument(metavar="RUN", help="The run to undo.")],
    plan: Annotated[
        bool, typer.Option("--plan", help="Show what would be restored; write nothing.")
    ] = False,
    *,
    context: typer.Context,
    writing: Writing,
    connect: options.Connect,
) -> int:
    """Undo a run. Rows that changed since are listed and not touched (exit code 1).

    Examples:
        petrec runs undo 1 --plan

        petrec runs undo 1

        petrec runs undo 1 --yes --format json

    """
    from petrec.operations.runs import plan_undo
    from petrec.operations.runs import undo as take_back

    session = open_session("undo", connect, writes=True)
    if plan:
        session.show(plan_undo(session, run).document(), writing.output_format, writing.output)
        return ExitCode.CLEAN
    with driving(context, writing) as shown:
        result = take_back(
            session,
            run,
            throttling=writing.throttling(),
            confirm=asking(session, shown, writing, lambda _: f"Undo run {run}?"),
            progress=shown.progress,
        )
    session.show(result.document(), writing.output_format, writing.output)
    return run_code(result.run, clean=not result.moved_on)
