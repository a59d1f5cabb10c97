"""The command group `petrec runs`."""

import typer

from petrec.cli.runs.abandon import abandon
from petrec.cli.runs.list import list_runs
from petrec.cli.runs.resume import resume
from petrec.cli.runs.show import show_changes
from petrec.cli.runs.undo import undo

runs_app = typer.Typer(no_args_is_help=True)
runs_app.command("list")(list_runs)
runs_app.command("show")(show_changes)
runs_app.command("undo")(undo)
runs_app.command("resume")(resume)
runs_app.command("abandon")(abandon)


@runs_app.callback()
def _group() -> None:
    """List, show, undo, resume or abandon runs: backfills, review imports and undos.

    Examples:
        petrec runs list

        petrec runs undo 1 --plan

    """
