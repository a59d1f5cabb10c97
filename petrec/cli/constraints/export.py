"""`petrec constraints export`."""

from pathlib import Path
from typing import Annotated

import typer

from petrec.cli import options
from petrec.cli.bundle import bundled
from petrec.cli.constraints import choices
from petrec.cli.output import remark
from petrec.cli.session import open_session
from petrec.errors import ExitCode


@bundled
def export(
    alembic: Annotated[
        Path,
        typer.Option(
            "--alembic",
            metavar="PATH",
            help="The Alembic project: its directory, ini file or pyproject.toml.",
        ),
    ],
    head: Annotated[
        str,
        typer.Option(
            "--head", metavar="REVISION", help="The revision to follow, if there are several heads."
        ),
    ] = "",
    name: Annotated[
        str,
        typer.Option("--name", "-n", metavar="SECTION", help="Section of the ini file to read."),
    ] = "alembic",
    version_path: Annotated[
        str,
        typer.Option(
            "--version-path",
            metavar="DIR",
            help="The version location to write to, if there are several.",
        ),
    ] = "",
    *,
    choice: choices.Choice,
    lock_timeout: choices.LockTimeout = 300,
    quiet: options.Quiet = False,
    connect: options.Connect,
) -> int:
    """Write the steps as Alembic revisions of your project. Writes nothing to the database.

    Examples:
        petrec constraints export --alembic .

        petrec constraints export --alembic services/clinic --head 1a2b3c4d5e6f

        petrec constraints export --alembic pyproject.toml --version-path migrations/clinic

    """
    from petrec.features.constraints.alembic.tree import Tree
    from petrec.operations.constraints import export_constraints

    session = open_session("constraints", connect)
    tree = Tree(alembic, head, section=name, version_path=version_path)
    for path in export_constraints(session, tree, choice.made(), lock_timeout_ms=lock_timeout):
        typer.echo(path)
    remark("review them, then run: alembic upgrade head", quiet=quiet)
    return ExitCode.CLEAN
