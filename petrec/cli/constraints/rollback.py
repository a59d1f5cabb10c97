"""`petrec constraints rollback`."""

from typing import TYPE_CHECKING, Annotated

import typer

from petrec.cli import options
from petrec.cli.bundle import bundled
from petrec.cli.confirm import confirm
from petrec.cli.constraints import choices
from petrec.cli.constraints.progress import listening
from petrec.cli.output import remark
from petrec.cli.session import open_session
from petrec.documents.formats import Format
from petrec.errors import ExitCode

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from petrec.features.constraints.holdups import Holdups
    from petrec.features.constraints.result import ConstraintsPlan


@bundled
def rollback(
    drop_visits: Annotated[
        bool, typer.Option("--drop-visits", help="Also the visits table and visit_id, if empty.")
    ] = False,
    *,
    choice: choices.Choice,
    waiting: choices.Waiting,
    yes: options.Yes = False,
    output_format: options.OutputFormat = Format.TABLE,
    output: options.Output = None,
    quiet: options.Quiet = False,
    connect: options.Connect,
) -> int:
    """Drop the constraints and indexes that bear the guide's names; no value is ever dropped.

    Examples:
        petrec constraints rollback --group indexes --yes

        petrec constraints rollback --group visits --drop-visits --yes

    """
    from petrec.features.constraints.apply import apply_rollback
    from petrec.features.constraints.holdups import find_holdups
    from petrec.features.constraints.plan import refuse_without_privileges
    from petrec.features.constraints.result import Filled
    from petrec.postgres.writable import check_primary

    session = open_session("constraints", connect)
    asked = choice.wanted(session.settings.mapping, drop_visits=drop_visits)

    def read(
        connection: "Connection", _: object
    ) -> tuple["ConstraintsPlan", "Holdups", dict[str, int]]:
        check_primary(connection)
        coming = asked.rollback(connection)
        refuse_without_privileges(coming)
        return coming, find_holdups(connection, coming), asked.filled(connection)

    coming, holdups, counts = session.read(read, makes_visits=True)
    if counts:
        session.show(Filled(counts).document(), output_format, output)
        return ExitCode.FINDINGS
    for sentence in (*coming.notes, *holdups.sentences):
        remark(sentence, quiet=quiet)
    confirm(f"Run {len(coming.steps)} statements that drop?", yes=yes)

    with session.translated(), listening(quiet=quiet) as listener:
        result = apply_rollback(session.engine, asked, waiting.limits(), listener)
    session.show(result.document(), output_format, output)
    return ExitCode.CLEAN
