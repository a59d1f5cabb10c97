"""`petrec constraints rollback`."""

from typing import TYPE_CHECKING, Annotated

import typer

from petrec.cli import options
from petrec.cli.bundle import bundled
from petrec.cli.constraints import choices
from petrec.cli.constraints.progress import listening
from petrec.cli.session import open_session
from petrec.documents.formats import Format
from petrec.errors import ExitCode

if TYPE_CHECKING:
    from petrec.features.constraints.result import ConstraintsPlan


@bundled
def rollback(
    drop_visits: Annotated[
        bool,
        typer.Option(
            "--drop-visits", help="Also drop the visits table and visit_id, if they are empty."
        ),
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
    """Drop the constraints and indexes that apply creates. No value is ever dropped.

    Examples:
        petrec constraints rollback --group indexes --yes

        petrec constraints rollback --group visits --drop-visits --yes

    """
    from petrec.features.constraints.result import Filled
    from petrec.operations.constraints import rollback_constraints

    session = open_session("constraints", connect, writes=True)
    with listening(quiet=quiet) as listener:
        result = rollback_constraints(
            session,
            choice.made(),
            drop_visits=drop_visits,
            limits=waiting.limits(),
            confirm=None if yes else lambda coming: session.ask(_question(coming)),
            listener=listener,
        )
    session.show(result.document(), output_format, output)
    return ExitCode.FINDINGS if isinstance(result, Filled) else ExitCode.CLEAN


def _question(plan: "ConstraintsPlan") -> str:
    return f"Run {len(plan.steps)} statements that drop constraints and indexes?"
