"""`petrec demo`: the main job on a database of its own."""

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from petrec.cli import options
from petrec.cli.audit import FailLevel, audit_and_show
from petrec.cli.backfill.apply import apply_and_export, make_plan
from petrec.cli.output import remark, steps
from petrec.cli.session import open_session
from petrec.documents.formats import Format
from petrec.errors import ExitCode


def demo(
    recordings: Annotated[
        int, typer.Option("--size", min=200, max=50_000_000, help="How many recordings.")
    ] = 20_000,
    seed: Annotated[int, typer.Option(help="The same seed makes the same clinic.")] = 1,
    directory: Annotated[
        Path, typer.Option("--dir", metavar="DIR", help="Where the server keeps its files.")
    ] = Path(".petrec-demo"),
    stop: Annotated[bool, typer.Option("--stop", help="Stop the demo's server.")] = False,
    remove: Annotated[bool, typer.Option("--remove", help="Stop it and delete its files.")] = False,
    quiet: options.Quiet = False,
) -> int:
    """Make a damaged clinic on an embedded PostgreSQL 18 and repair it; the server stays.

    Examples:
        petrec demo

        petrec demo --size 2000000 --seed 7

        petrec demo --remove

    """
    from petrec.demo import server

    if remove or stop:
        did = server.remove(directory) if remove else server.stop(directory)
        remark("the demo is gone" if did else "there was no demo to stop", quiet=quiet)
        return ExitCode.CLEAN
    with steps(quiet=quiet) as step:
        step("starting PostgreSQL")
        url = server.start(directory).create_database()
        _fill(url, recordings, seed, step)
    _repair(url, directory, quiet=quiet)
    remark(_next_steps(url, directory), quiet=quiet)
    return ExitCode.CLEAN


def _fill(url: str, recordings: int, seed: int, step: Callable[[str], None]) -> None:
    import psycopg

    from petrec.demo.clinic import create

    with psycopg.connect(url) as connection:
        create(
            connection,
            recordings=recordings,
            seed=seed,
            progress=lambda what, done: step(f"making {recordings} recordings: {what} {done:.0%}"),
        )


def _repair(url: str, directory: Path, *, quiet: bool) -> None:
    """Run the real commands, one after the other."""
    from petrec.features.runs.throttle import Limits

    session = open_session("demo", options.Connect(dsn=url))
    _announce("petrec audit")
    audit_and_show(session, FailLevel.NEVER, Format.TABLE, None, quiet=quiet)
    _announce("petrec backfill")
    session.show(make_plan(session, [], quiet=quiet).document(), Format.TABLE, None)
    _announce("petrec backfill --apply --yes")
    export = directory / "reports" / "ambiguous.csv"
    result = apply_and_export(session, [], Limits(), export, anew=False, yes=True, quiet=quiet)
    session.show(result.document(), Format.TABLE, None)
    _announce("petrec audit")
    audit_and_show(session, FailLevel.NEVER, Format.TABLE, None, quiet=quiet)


def _announce(command: str) -> None:
    typer.echo(f"\n$ {command}")


def _next_steps(url: str, directory: Path) -> str:
    where = shlex.quote(str(directory))
    return f"""
The server goes on running. To go on with it:

  export PETREC_DATABASE_URL={shlex.quote(url)}
  petrec audit --rows missing_ambiguous | head
  petrec backfill status
  petrec backfill undo 1
  petrec demo --remove --dir {where}"""
