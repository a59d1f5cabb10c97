"""`petrec demo`: the main commands on a database of its own."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Protocol

import typer

from petrec.cli import options
from petrec.cli.output import remark
from petrec.cli.progress import Activity, activity
from petrec.cli.session import open_session
from petrec.documents.formats import Format
from petrec.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable

    from petrec.documents.document import Document


class Shown(Protocol):
    """What every result can do."""

    def document(self) -> "Document":
        """Return the form for rendering."""


def demo(
    recordings: Annotated[
        int, typer.Option("--size", min=200, max=50_000_000, help="Number of recordings to create.")
    ] = 20_000,
    seed: Annotated[int, typer.Option(help="The same seed creates the same data.")] = 1,
    directory: Annotated[
        Path, typer.Option("--dir", metavar="DIR", help="Directory of the server's files.")
    ] = Path(".petrec-demo"),
    stop: Annotated[bool, typer.Option("--stop", help="Stop the demo server.")] = False,
    remove: Annotated[
        bool, typer.Option("--remove", help="Stop the demo server and delete its files.")
    ] = False,
    quiet: options.Quiet = False,
) -> int:
    """Start an embedded PostgreSQL 18 with a damaged clinic, and repair it.

    Examples:
        petrec demo

        petrec demo --size 2000000 --seed 7

        petrec demo --remove

    """
    from petrec.demo import server
    from petrec.demo.clinic import start_clinic

    if remove or stop:
        did = server.remove(directory) if remove else server.stop(directory)
        remark("the demo is removed" if did else "there was no demo to stop", quiet=quiet)
        return ExitCode.CLEAN
    with activity(quiet=quiet) as shown:
        url = start_clinic(directory, recordings, seed, shown.step)
        _repair(url, directory, shown)
    remark(_next_steps(url, directory), quiet=quiet)
    return ExitCode.CLEAN


def _repair(url: str, directory: Path, shown: Activity) -> None:
    """Run the real commands, one after the other."""
    from petrec.operations.audit import audit
    from petrec.operations.backfill import apply_backfill, plan_backfill

    session = open_session("demo", options.Connect(dsn=url))
    export = directory / "reports" / "ambiguous.csv"
    done: dict[str, Callable[[], Shown]] = {
        "petrec audit": lambda: audit(session, step=shown.step),
        "petrec backfill": lambda: plan_backfill(session, step=shown.step),
        "petrec backfill --apply --yes": lambda: apply_backfill(
            session, export=export, progress=shown.progress
        ),
    }
    for command in (*done, "petrec audit"):
        typer.echo(f"\n$ {command}")
        result = done[command]()
        shown.clear()
        session.show(result.document(), Format.TABLE, None)


def _next_steps(url: str, directory: Path) -> str:
    where = shlex.quote(str(directory))
    return f"""
The server keeps running. To continue:

  export PETREC_DATABASE_URL={shlex.quote(url)}
  petrec audit --rows missing_ambiguous | head
  petrec runs list
  petrec runs undo 1
  petrec demo --remove --dir {where}"""
