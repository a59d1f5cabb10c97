"""`petrec constraints apply`."""

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
def apply(
    plan: Annotated[
        str,
        typer.Option("--plan", metavar="HASH", help="Stop unless the plan still has this hash."),
    ] = "",
    *,
    choice: choices.Choice,
    grants: choices.Grants = False,
    waiting: choices.Waiting,
    free_space: choices.FreeSpace = None,
    yes: options.Yes = False,
    output_format: options.OutputFormat = Format.TABLE,
    output: options.Output = None,
    quiet: options.Quiet = False,
    connect: options.Connect,
) -> int:
    """Create what is missing, without downtime. Exits with 1 if rows or a build block it.

    Examples:
        petrec constraints apply --yes

        petrec constraints apply --plan 0123456789abcdef --yes --deadline 600

    """
    from petrec.features.constraints.result import Obstacles
    from petrec.operations.constraints import apply_constraints

    session = open_session("constraints", connect, writes=True)
    with listening(quiet=quiet) as listener:
        result = apply_constraints(
            session,
            choice.made(grants=grants),
            limits=waiting.limits(),
            only=plan,
            free_space=free_space,
            confirm=None if yes else lambda coming: session.ask(_question(coming)),
            listener=listener,
        )
    session.show(result.document(), output_format, output)
    blocked = isinstance(result, Obstacles) or not result.status.is_complete
    return ExitCode.FINDINGS if blocked else ExitCode.CLEAN


def _question(plan: "ConstraintsPlan") -> str:
    return f"Run the {len(plan.steps)} steps of plan {plan.hash}?"
