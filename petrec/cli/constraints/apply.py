"""`petrec constraints apply`."""

from typing import Annotated

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


@bundled
def apply(
    plan: Annotated[
        str, typer.Option("--plan", metavar="HASH", help="Only if the plan is still this one.")
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
    """Make what is missing, without downtime; 1 if rows or another build stand in the way.

    Examples:
        petrec constraints apply --yes

        petrec constraints apply --plan 0123456789abcdef --yes --deadline 600

    """
    from petrec.features.constraints.apply import apply_plan
    from petrec.features.constraints.gate import find_obstacles
    from petrec.features.constraints.holdups import find_holdups
    from petrec.features.constraints.plan import refuse_without_privileges
    from petrec.features.constraints.result import Obstacles
    from petrec.features.constraints.space import refuse_without_room, with_space
    from petrec.postgres.writable import check_primary

    session = open_session("constraints", connect)
    asked = choice.wanted(session.settings.mapping, grants=grants)
    with session.snapshot(makes_visits=True) as (connection, schema):
        check_primary(connection)
        coming = with_space(connection, asked.plan(connection), free_space)
        refuse_without_privileges(coming)
        obstacles = find_obstacles(connection, schema, asked, coming)
        holdups = find_holdups(connection, coming)
    if obstacles is not None:
        session.show(obstacles.document(), output_format, output)
        return ExitCode.FINDINGS
    refuse_without_room(coming.space)
    if coming.space.is_unknown:
        remark(coming.space.sentence, quiet=quiet)
    for sentence in (*coming.notes, *holdups.sentences):
        remark(sentence, quiet=quiet)
    confirm(f"Run the {len(coming.steps)} steps of plan {coming.hash}?", yes=yes)

    with session.translated(), listening(quiet=quiet) as listener:
        seen, limits = plan or coming.hash, waiting.limits()
        result = apply_plan(session.engine, asked, limits, listener, seen, free_space)
    session.show(result.document(), output_format, output)
    blocked = isinstance(result, Obstacles) or not result.status.is_complete
    return ExitCode.FINDINGS if blocked else ExitCode.CLEAN
