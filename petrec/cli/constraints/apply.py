"""`petrec constraints apply`."""

from typing import Annotated

import typer

from petrec.cli import options
from petrec.cli.confirm import confirm
from petrec.cli.constraints import choices
from petrec.cli.output import remark, show
from petrec.cli.session import open_session
from petrec.errors import ExitCode
from petrec.render.formats import Format


def apply(
    plan: Annotated[
        str, typer.Option("--plan", metavar="HASH", help="Only if the plan is still this one.")
    ] = "",
    groups: choices.Groups = None,
    membership: choices.Membership = False,
    appointment_fk: choices.AppointmentFk = False,
    on_delete: choices.Delete = choices.OnDelete.CASCADE,
    lock_timeout: choices.LockTimeout = 300,
    deadline: choices.Deadline = 3600.0,
    cancel_blockers: choices.Cancel = False,
    yes: options.Yes = False,
    output_format: options.OutputFormat = Format.TABLE,
    output: options.Output = None,
    dsn: options.Dsn = None,
    service: options.Service = None,
    config: options.Config = None,
    quiet: options.Quiet = False,
    verbose: options.Verbose = 0,
) -> int:
    """Make what is missing, without downtime; 1 if rows or another build stand in the way.

    Examples:
        petrec constraints apply --yes

        petrec constraints apply --plan 0123456789abcdef --yes --deadline 600

    """
    from petrec.constraints.apply import apply_plan
    from petrec.constraints.gate import find_obstacles
    from petrec.db.ddl.run import Limits
    from petrec.results.constraints import Obstacles

    session = open_session("constraints", dsn, service, config, verbose)
    asked = choices.wanted(
        session.settings.mapping,
        groups,
        on_delete,
        membership=membership,
        appointment_fk=appointment_fk,
    )
    with session.snapshot() as (connection, schema):
        coming = asked.plan(connection)
        obstacles = find_obstacles(connection, schema, asked, coming)
    if obstacles is not None:
        show(obstacles.document(), output_format, output)
        return ExitCode.FINDINGS
    confirm(f"Run the {len(coming.steps)} steps of plan {coming.hash}?", yes=yes)
    limits = Limits(lock_timeout, deadline, cancel_blockers)

    def tell(text: str) -> None:
        remark(text, quiet=quiet)

    with session.translated():
        result = apply_plan(session.engine, asked, limits, tell, plan or coming.hash)
    show(result.document(), output_format, output)
    blocked = isinstance(result, Obstacles) or not result.status.is_complete
    return ExitCode.FINDINGS if blocked else ExitCode.CLEAN
