"""The command tree."""

from typing import Annotated

import typer

from petrec import __version__
from petrec.cli.audit import audit
from petrec.cli.backfill.group import backfill_app
from petrec.cli.demo import demo
from petrec.cli.report.command import report


def _exit(code: int | None, **_: object) -> None:
    raise typer.Exit(int(code or 0))


app = typer.Typer(
    name="petrec",
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


app.command("audit")(audit)
app.add_typer(backfill_app, name="backfill")
app.command("report")(report)
app.command("demo")(demo)
