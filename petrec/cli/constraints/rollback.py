"""`petrec constraints rollback`."""

from petrec.cli import options
from petrec.cli.confirm import confirm
from petrec.cli.constraints import choices
from petrec.cli.output import remark, show
from petrec.cli.session import open_session
from petrec.errors import ExitCode
from petrec.render.formats import Format


def rollback(
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
    """Drop the constraints and indexes that bear the guide's names; tables and columns stay.

    Examples:
        petrec constraints rollback --yes

        petrec constraints rollback --group indexes --yes

    """
    from petrec.constraints.apply import apply_rollback
    from petrec.db.ddl.run import Limits

    session = open_session("constraints", dsn, service, config, verbose)
    asked = choices.wanted(
        session.settings.mapping,
        groups,
        on_delete,
        membership=membership,
        appointment_fk=appointment_fk,
    )
    with session.snapshot() as (connection, _):
        coming = asked.rollback(connection)
    confirm(f"Run {len(coming.steps)} statements that drop?", yes=yes)
    limits = Limits(lock_timeout, deadline, cancel_blockers)

    def tell(text: str) -> None:
        remark(text, quiet=quiet)

    with session.translated():
        result = apply_rollback(session.engine, asked, limits, tell)
    show(result.document(), output_format, output)
    return ExitCode.CLEAN
