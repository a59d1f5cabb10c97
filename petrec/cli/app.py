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
            "Count the recordings of each damaged kind, from one snapshot. Writes nothing.",
            "petrec.cli.audit:audit",
        ),
        "backfill": Entry(
            "Plan the repair of recordings with certain evidence; --apply writes it.",
            "petrec.cli.backfill.apply:backfill",
        ),
        "constraints": Entry(
            "Add constraints and indexes that keep pet associations correct, without downtime.",
            "petrec.cli.constraints.group:constraints_app",
        ),
        "demo": Entry(
            "Start an embedded PostgreSQL 18 with a damaged clinic, and repair it.",
            "petrec.cli.demo:demo",
        ),
        "doctor": Entry(
            "Check server, role, tables and settings; or print the grants that a role needs.",
            "petrec.cli.doctor:doctor",
        ),
        "explain": Entry(
            "Print a page of the documentation, or list the pages. Needs no database.",
            "petrec.cli.explain:explain",
        ),
        "export-tables": Entry(
            "Export the tables of one snapshot to Parquet files, for audits by other engines.",
            "petrec.cli.export_tables:export_tables",
        ),
        "fleet": Entry(
            "Run a command in many schemas, databases and servers, and merge the results.",
            "petrec.cli.fleet.command:fleet",
            takes_command=True,
        ),
        "init": Entry(
            "Read the database's tables and columns, and write a petrec.toml that maps them.",
            "petrec.cli.init:init",
        ),
        "outbox": Entry(
            "Deliver events to webhooks, list what is waiting, retry what was given up.",
            "petrec.cli.outbox:outbox_app",
        ),
        "report": Entry(
            "Report how many recordings are damaged, and how that changes over time.",
            "petrec.cli.report.command:report",
        ),
        "retention": Entry(
            "Erase recordings permanently: rows, files and journal, by age, pet, owner or id.",
            "petrec.cli.retention:retention",
        ),
        "review": Entry(
            "Export recordings that need a person's decision, and import the decisions.",
            "petrec.cli.review.group:review_app",
        ),
        "runs": Entry(
            "List, show, undo, resume or abandon runs: backfills, review imports and undos.",
            "petrec.cli.runs.group:runs_app",
        ),
        "serve": Entry(
            "Run the HTTP API as a server, with tokens, uploads to S3 and health checks.",
            "petrec.cli.serve:serve",
        ),
        "uploads": Entry(
            "Find uploads that stayed pending, lost their file or were never processed.",
            "petrec.cli.uploads:uploads_app",
        ),
        "validate": Entry(
            "Check the findings against limits and a baseline, for CI. "
            "Writes nothing to the database.",
            "petrec.cli.validate.command:validate",
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
    """Return the root with every command loaded, to walk the whole tree."""
    root = typer.main.get_group(app)
    if not isinstance(root, Commands):  # pragma: no cover - `cls` above says so
        raise TypeError("the root is another group")
    for name in root.entries:
        root.load(name)
    return root
