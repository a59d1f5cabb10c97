"""`petrec constraints rollback`."""

from typing import TYPE_CHECKING

from petrec.cli import options
from petrec.cli.bundle import bundled
from petrec.cli.confirm import confirm
from petrec.cli.constraints import choices
from petrec.cli.constraints.progress import listening
from petrec.cli.output import remark, show
from petrec.cli.session import open_session
from petrec.errors import ExitCode
from petrec.render.formats import Format

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from petrec.results.constraints import ConstraintsPlan
    from petrec.results.holdups import Holdups


@bundled
def rollback(
    *,
    choice: choices.Choice,
    waiting: choices.Waiting,
    yes: options.Yes = False,
    output_format: options.OutputFormat = Format.TABLE,
    output: options.Output = None,
    quiet: options.Quiet = False,
    connect: options.Connect,
) -> int:
    """Drop the constraints and indexes that bear the guide's names; tables and columns stay.

    Examples:
        petrec constraints rollback --yes

        petrec constraints rollback --group indexes --yes

    """
    from petrec.constraints.apply import apply_rollback
    from petrec.constraints.holdups import find_holdups

    session = open_session("constraints", connect)
    asked = choice.wanted(session.settings.mapping)

    def read(connection: "Connection", _: object) -> tuple["ConstraintsPlan", "Holdups"]:
        coming = asked.rollback(connection)
        return coming, find_holdups(connection, coming)

    coming, holdups = session.read(read)
    for sentence in holdups.sentences:
        remark(sentence, quiet=quiet)
    confirm(f"Run {len(coming.steps)} statements that drop?", yes=yes)

    with session.translated(), listening(quiet=quiet) as listener:
        result = apply_rollback(session.engine, asked, waiting.limits(), listener)
    show(result.document(), output_format, output)
    return ExitCode.CLEAN
