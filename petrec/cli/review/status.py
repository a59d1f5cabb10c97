"""`petrec review status`."""

from petrec.cli import options
from petrec.cli.bundle import bundled
from petrec.cli.progress import activity
from petrec.cli.session import open_session
from petrec.documents.formats import Format
from petrec.errors import ExitCode


@bundled
def status(
    output_format: options.OutputFormat = Format.TABLE,
    output: options.Output = None,
    quiet: options.Quiet = False,
    *,
    connect: options.Connect,
) -> int:
    """Count the open cases by kind, and the decisions by reviewer.

    Examples:
        petrec review status

        petrec review status --format json

    """
    from petrec.operations.review import review_status

    session = open_session("review", connect)
    with activity(quiet=quiet) as shown:
        found = review_status(session, step=shown.step)
    session.show(found.document(), output_format, output)
    return ExitCode.CLEAN
