"""`petrec constraints plan`."""

from typing import Annotated

import typer

from petrec.cli import options
from petrec.cli.bundle import bundled
from petrec.cli.constraints import choices
from petrec.cli.output import open_output
from petrec.cli.progress import activity
from petrec.cli.session import open_session
from petrec.cli.words import worded
from petrec.documents.formats import Format
from petrec.errors import ExitCode


@bundled
def plan(
    sql: Annotated[
        bool, typer.Option("--sql", help="Print the steps as a script for psql.")
    ] = False,
    *,
    choice: choices.Choice,
    grants: choices.Grants = False,
    lock_timeout: choices.LockTimeout = 300,
    free_space: choices.FreeSpace = None,
    output_format: options.OutputFormat = Format.TABLE,
    output: options.Output = None,
    quiet: options.Quiet = False,
    connect: options.Connect,
) -> int:
    """Show the steps in order, with their locks and what they read. Writes nothing.

    Rows that a constraint would reject are counted.

    Examples:
        petrec constraints plan

        petrec constraints plan --sql --output constraints.sql

    """
    from petrec.operations.constraints import plan_constraints

    session = open_session("constraints", connect, writes=True)
    with activity(quiet=quiet) as shown:
        made = plan_constraints(
            session, choice.made(grants=grants), free_space=free_space, step=shown.step
        )
    if sql:
        with open_output(output) as out:
            out.write(made.script(lock_timeout, worded))
    else:
        session.show(made.document(), output_format, output)
    return ExitCode.CLEAN
