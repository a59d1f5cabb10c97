"""`petrec constraints status`."""

from petrec.cli import options
from petrec.cli.constraints import choices
from petrec.cli.output import show, steps
from petrec.cli.session import open_session
from petrec.errors import ExitCode
from petrec.render.formats import Format


def status(
    groups: choices.Groups = None,
    membership: choices.Membership = False,
    appointment_fk: choices.AppointmentFk = False,
    on_delete: choices.Delete = choices.OnDelete.CASCADE,
    output_format: options.OutputFormat = Format.TABLE,
    output: options.Output = None,
    dsn: options.Dsn = None,
    service: options.Service = None,
    config: options.Config = None,
    quiet: options.Quiet = False,
    verbose: options.Verbose = 0,
) -> int:
    """Say of each constraint and index whether it is there and valid; 1 if something is not.

    Examples:
        petrec constraints status

        petrec constraints status --group required --format json

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
        result = asked.status(connection)
    show(result.document(), output_format, output)
    return ExitCode.CLEAN if result.is_complete else ExitCode.FINDINGS
