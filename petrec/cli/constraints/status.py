"""`petrec constraints status`."""

from petrec.cli import options
from petrec.cli.bundle import bundled
from petrec.cli.constraints import choices
from petrec.cli.progress import activity
from petrec.cli.session import open_session
from petrec.documents.formats import Format
from petrec.errors import ExitCode


@bundled
def status(
    *,
    choice: choices.Choice,
    output_format: options.OutputFormat = Format.TABLE,
    output: options.Output = None,
    quiet: options.Quiet = False,
    connect: options.Connect,
) -> int:
    """Show whether each constraint and index exists and is valid. Exits with 1 if not.

    Examples:
        petrec constraints status

        petrec constraints status --group required --format json

    """
    from petrec.operations.constraints import constraints_status

    session = open_session("constraints", connect)
    with activity(quiet=quiet) as shown:
        result = constraints_status(session, choice.made(), step=shown.step)
    session.show(result.document(), output_format, output)
    return ExitCode.CLEAN if result.is_complete else ExitCode.FINDINGS
