"""The command `petrec retention`."""

from typing import TYPE_CHECKING, Annotated

import typer

from petrec.cli import options
from petrec.cli.bundle import bundled
from petrec.cli.progress import activity
from petrec.cli.session import open_session
from petrec.errors import ExitCode

if TYPE_CHECKING:
    from petrec.features.retention.result import RetentionPlan

_Ids = list[str] | None


@bundled
def retention(
    apply: Annotated[
        bool, typer.Option("--apply", help="Erase what is chosen. This cannot be undone.")
    ] = False,
    older_than: Annotated[
        str | None,
        typer.Option(metavar="WHEN", help="Only those created before: 3650d, 2019-01-31."),
    ] = None,
    pet: Annotated[
        _Ids, typer.Option(metavar="ID", help="Those of this pet; may be repeated.")
    ] = None,
    owner: Annotated[
        _Ids, typer.Option(metavar="ID", help="Those of this owner's pets; may be repeated.")
    ] = None,
    recording: Annotated[
        _Ids, typer.Option(metavar="ID", help="This recording; may be repeated.")
    ] = None,
    yes: options.Yes = False,
    *,
    printing: options.Printing,
    connect: options.Connect,
) -> int:
    """Erase recordings permanently: rows, files and journal, by age, pet, owner or id.

    Without --apply it lists them, and its exit code is 1 if there are any. Deleted are the rows,
    what petrec's journal and outbox hold of them, and the files in the store.

    Examples:
        petrec retention --older-than 3650d

        petrec retention --owner 7d3f3f6c-6c1e-4bb0-9a37-0a4c7f6f2c11 --apply

    """
    from petrec.features.retention.scope import RetentionScope
    from petrec.operations.retention import erase_recordings, plan_retention

    session = open_session("retention", connect, writes=True)
    scope = RetentionScope(older_than, tuple(pet or ()), tuple(owner or ()), tuple(recording or ()))
    if not apply:
        plan = plan_retention(session, scope)
        session.show(plan.document(), printing.output_format, printing.output)
        return ExitCode.CLEAN if plan.is_empty else ExitCode.FINDINGS
    with activity(quiet=printing.quiet) as shown:
        confirm = None if yes else lambda plan: shown.aside(session.ask, _question(plan))
        result = erase_recordings(session, scope, confirm=confirm, step=shown.step)
    session.show(result.document(), printing.output_format, printing.output)
    return ExitCode.CLEAN if result.is_clean else ExitCode.FINDINGS


def _question(plan: "RetentionPlan") -> str:
    files = plan.files + plan.unfinished_files
    return (
        f"Erase {plan.recordings} recordings and {files} files permanently? This cannot be undone."
    )
