"""The command group `petrec uploads`."""

from typing import TYPE_CHECKING, Annotated

import typer

from petrec.cli import options
from petrec.cli.backfill.limits import Writing
from petrec.cli.bundle import bundled
from petrec.cli.driving import asking, driving
from petrec.cli.progress import activity
from petrec.cli.run_code import run_code
from petrec.cli.session import open_session
from petrec.errors import ExitCode

if TYPE_CHECKING:
    from petrec.features.uploads.result import SweepPlan

uploads_app = typer.Typer(no_args_is_help=True)


@uploads_app.callback()
def _group() -> None:
    """Find uploads that stayed pending, lost their file or were never processed.

    Examples:
        petrec uploads sweep

        petrec uploads sweep --apply

    """


@uploads_app.command("sweep")
@bundled
def sweep(
    apply: Annotated[
        bool, typer.Option("--apply", help="Settle what is found, as a run that can be undone.")
    ] = False,
    since: Annotated[
        str,
        typer.Option(metavar="WHEN", help="Only recordings created since then: 7d, 2026-01-31."),
    ] = "30d",
    older_than: Annotated[
        str,
        typer.Option(metavar="TIME", help="Only uploads not written for this long, such as 24h."),
    ] = "24h",
    *,
    context: typer.Context,
    writing: Writing,
    connect: options.Connect,
) -> int:
    r"""Compare uploads with the store of \[serve.store]; --apply settles them (exit code 1: found).

    Examples:
        petrec uploads sweep --since 7d

        petrec uploads sweep --apply --yes --format json

        petrec runs undo 1

    """
    from petrec.features.uploads.sweep import SweepScope
    from petrec.operations.uploads import plan_sweep, sweep_uploads

    session = open_session("uploads", connect, writes=True)
    scope = SweepScope(since, older_than)
    if not apply:
        with activity(quiet=writing.quiet) as shown:
            plan = plan_sweep(session, scope, step=shown.step)
        session.show(plan.document(), writing.output_format, writing.output)
        return ExitCode.FINDINGS if plan.total else ExitCode.CLEAN
    with driving(context, writing) as shown:
        result = sweep_uploads(
            session,
            scope,
            throttling=writing.throttling(),
            confirm=asking(session, shown, writing, _question),
            step=shown.step,
            progress=shown.progress,
        )
    session.show(result.document(), writing.output_format, writing.output)
    return run_code(result.run, clean=result.is_clean)


def _question(plan: "SweepPlan") -> str:
    from petrec.features.uploads.judge import UploadFinding

    files = plan.counts.get(UploadFinding.CANCELLED, 0)
    more = f" {files} files of cancelled uploads are deleted permanently." if files else ""
    return f"Settle {plan.settled} uploads?{more}"
