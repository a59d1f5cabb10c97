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
            "--alembic", metavar="PATH", help="The project's directory, ini file or pyproject.toml."
        ),
    ],
    head: Annotated[
        str, typer.Option("--head", metavar="REVISION", help="After this, if there are several.")
    ] = "",
    name: Annotated[
        str, typer.Option("--name", "-n", metavar="SECTION", help="Section of the ini file.")
    ] = "alembic",
    version_path: Annotated[
        str,
        typer.Option(
            "--version-path", metavar="DIR", help="One of several version locations of the project."
        ),
    ] = "",
    *,
    choice: choices.Choice,
    lock_timeout: choices.LockTimeout = 300,
    quiet: options.Quiet = False,
    connect: options.Connect,
) -> int:
    """Write the steps as revisions of your project's Alembic; changes nothing in the database.

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
    remark("read them, then: alembic upgrade head", quiet=quiet)
    return ExitCode.CLEAN
