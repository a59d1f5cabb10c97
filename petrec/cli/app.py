"""The command tree."""

from typing import Annotated

import typer
import typer.main

from petrec.cli.lazy import Entry, LazyGroup
from petrec.version import __version__


class Commands(LazyGroup):
    """All commands; a summary is the first line of its command's docstring."""

    entries = {  # noqa: RUF012 - read only
        "audit": Entry(
            "Count every kind of damaged association against all recordings. Writes nothing.",
            "petrec.cli.audit:audit",
        ),
        "backfill": Entry(
            "Plan what certain evidence allows; --apply writes it and exports the ambiguous rest.",
            "petrec.cli.backfill.apply:backfill",
        ),
        "constraints": Entry(
            "Bring the guide's constraints and indexes to a live database.",
            "petrec.cli.constraints.group:constraints_app",
        ),
        "demo": Entry(
            "Make a damaged clinic on an embedded PostgreSQL 18 and repair it; the server stays.",
            "petrec.cli.demo:demo",
        ),
        "doctor": Entry(
            "Check server, role, tables and settings before any work, or print a role's grants.",
            "petrec.cli.doctor:doctor",
        ),
        "explain": Entry(
            "Print a page of the documents, or list the pages. Needs no database.",
            "petrec.cli.explain:explain",
        ),
        "init": Entry(
            "Look at a database and write petrec.toml, with its names for the tables and columns.",
            "petrec.cli.init:init",
        ),
        "report": Entry(
            "Report how many associations are damaged, whether it gets better, and since when.",
            "petrec.cli.report.command:report",
        ),
        "review": Entry(
            "Bring doubtful recordings to people who know the animals, and their decisions back.",
            "petrec.cli.review.group:review_app",
        ),
        "runs": Entry(
            "List, show, undo, resume or abandon what petrec wrote: "
            "backfills, review imports, undos.",
            "petrec.cli.runs.group:runs_app",
        ),
        "serve": Entry(
            "Serve the API on its own: tokens, uploads to S3, health; SIGTERM lets requests end.",
            "petrec.cli.serve:serve",
        ),
        "validate": Entry(
            "Judge the findings by limits and a baseline, for pipelines. "
            "Writes nothing to the database.",
            "petrec.cli.validate:validate",
        ),
    }


def _exit(code: int | None, **_: object) -> None:
    raise typer.Exit(int(code or 0))


app = typer.Typer(
    name="petrec",
    cls=Commands,
    help="Find, repair and prevent lost pet associations of recordings in PostgreSQL.",
    epilog="Exit codes: 0 clean, 1 findings, 2 usage, 3 undetermined, 5 no rows, 130 interrupted.",
    no_args_is_help=True,
    result_callback=_exit,
    pretty_exceptions_show_locals=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"petrec {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    _: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Version.")
    ] = False,
) -> None:
    """Take the options that stand before a command."""


def command_tree() -> Commands:
    """Return the root with every command loaded, for whoever wants to walk the tree."""
    root = typer.main.get_group(app)
    if not isinstance(root, Commands):  # pragma: no cover - `cls` above says so
        raise TypeError("the root is another group")
    for name in root.entries:
        root.load(name)
    return root
