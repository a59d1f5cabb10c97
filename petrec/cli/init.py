"""`petrec init`."""

from pathlib import Path
from typing import Annotated

import typer

from petrec.cli import options
from petrec.cli.bundle import bundled
from petrec.cli.output import remark
from petrec.cli.session import open_session
from petrec.errors import ExitCode, UsageError
from petrec.features.init.examples import Example, example_files


@bundled
def init(
    name: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            metavar="NAME=NAME",
            help="Map a name of petrec to yours: recordings=calls, recordings.pet_id=animal.",
            show_default=False,
        ),
    ] = None,
    example: Annotated[
        list[Example] | None,
        typer.Option("--with", help="Also write a job, a pipeline, alerts or a dashboard."),
    ] = None,
    directory: Annotated[
        Path,
        typer.Option(
            "--dir", metavar="DIR", help="Directory to write the files to.", show_default=False
        ),
    ] = Path(),
    force: Annotated[bool, typer.Option("--force", help="Replace existing files.")] = False,
    *,
    connect: options.Connect,
) -> int:
    """Read the database's tables and columns, and write a petrec.toml that maps them.

    Without --schema, it maps the schema that fits best.

    Examples:
        petrec init

        petrec init --map recordings=calls --map recordings.pet_id=animal_id

        petrec init --with github --with alerts

    """
    from petrec.features.init.text import settings_text
    from petrec.operations.setup import propose_settings

    given = dict(_pair(text) for text in name or ())
    proposal = propose_settings(
        open_session("init", connect), schema=connect.schema or None, given=given
    )
    files = [("petrec.toml", settings_text(proposal))]
    files += [file for each in example or () for file in example_files(each)]
    _write(directory, files, force=force)
    for unclear in proposal.open:
        remark(f"not found: {unclear}; map it with --map {unclear}=NAME, or in petrec.toml")
    remark("written: " + ", ".join(str(directory / name) for name, _ in files))
    remark("next: petrec doctor")
    return ExitCode.FINDINGS if proposal.open else ExitCode.CLEAN


def _pair(text: str) -> tuple[str, str]:
    from petrec.settings import LOGICAL_COLUMNS

    logical, _, physical = text.partition("=")
    table, _, column = logical.partition(".")
    if not physical or table not in LOGICAL_COLUMNS:
        raise UsageError(
            f"--map {text!r} does not start with a table that petrec knows",
            hint="--map pets=animals",
        )
    if column and column not in LOGICAL_COLUMNS[table]:
        known = ", ".join(sorted(LOGICAL_COLUMNS[table]))
        raise UsageError(f"--map {text!r}: {table} has no {column}", hint=f"it has {known}")
    return logical, physical


def _write(directory: Path, files: list[tuple[str, str]], *, force: bool) -> None:
    """Write all files, or none if one of them exists."""
    from petrec.files import atomic_text, make_directory

    there = [str(directory / name) for name, _ in files if (directory / name).exists()]
    if there and not force:
        raise UsageError(f"{', '.join(there)} already exists", hint="--force replaces it")
    make_directory(directory)
    for name, content in files:
        with atomic_text(directory / name) as out:
            out.write(content)
