"""`petrec constraints plan`."""

from typing import Annotated

import typer

from petrec.cli import options
from petrec.cli.constraints import choices
from petrec.cli.output import open_output, show, steps
from petrec.cli.session import open_session
from petrec.errors import ExitCode
from petrec.render.formats import Format


def plan(
    sql: Annotated[bool, typer.Option("--sql", help="Print a script for psql.")] = False,
    groups: choices.Groups = None,
    membership: choices.Membership = False,
    appointment_fk: choices.AppointmentFk = False,
    on_delete: choices.Delete = choices.OnDelete.CASCADE,
    lock_timeout: choices.LockTimeout = 300,
    output_format: options.OutputFormat = Format.TABLE,
    output: options.Output = None,
    dsn: options.Dsn = None,
    service: options.Service = None,
    config: options.Config = None,
    quiet: options.Quiet = False,
    verbose: options.Verbose = 0,
) -> int:
    """Show the ordered steps, the locks they take and what they read. Writes nothing.

    Examples:
        petrec constraints plan

        petrec constraints plan --sql --output constraints.sql

    """
    session = open_session("constraints", dsn, service, config, verbose)
    asked = choices.wanted(
        session.settings.mapping,
        groups,
        on_delete,
        membership=membership,
        appointment_fk=appointment_fk,
    )
    with steps(quiet=quiet) as step, session.snapshot() as (connection, _):
        step("reading the catalog")
        made = asked.plan(connection)
    if sql:
        with open_output(output) as out:
            out.write(made.script(lock_timeout))
    else:
        show(made.document(), output_format, output)
    return ExitCode.CLEAN
