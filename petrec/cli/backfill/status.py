"""`petrec backfill status`."""

from petrec.cli import options
from petrec.cli.bundle import bundled
from petrec.cli.output import show
from petrec.cli.session import open_session
from petrec.documents.formats import Format
from petrec.errors import ExitCode


@bundled
def status(
    output_format: options.OutputFormat = Format.TABLE,
    output: options.Output = None,
    *,
    connect: options.Connect,
) -> int:
    """Show the runs and how far they are; can be asked while one is working.

    Examples:
        petrec backfill status

        watch -n1 petrec backfill status

    """
    from petrec.features.runs.journal.presence import is_installed
    from petrec.features.runs.journal.store import list_runs
    from petrec.features.runs.result import RunList
    from petrec.features.runs.targets import mapped_target

    session = open_session("status", connect)
    target = mapped_target(session.settings.mapping)
    with session.translated(), session.engine.connect() as connection:
        found = list_runs(connection, target) if is_installed(connection) else ()
    show(RunList(found).document(), output_format, output)
    return ExitCode.CLEAN
