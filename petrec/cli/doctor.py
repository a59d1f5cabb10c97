"""`petrec doctor`."""

from typing import Annotated

import typer

from petrec.cli import options
from petrec.cli.bundle import bundled
from petrec.cli.output import open_output
from petrec.cli.session import open_session
from petrec.documents.formats import Format
from petrec.errors import ExitCode, UsageError


@bundled
def doctor(
    tasks: Annotated[
        str,
        typer.Option(
            "--for",
            metavar="TASKS",
            help="What the role will do: audit, report, backfill or review; separate several by "
            "commas.",
        ),
    ] = "audit",
    grants: Annotated[
        str | None,
        typer.Option(
            metavar="ROLE",
            help="Print the GRANT statements that this role needs.",
            show_default=False,
        ),
    ] = None,
    revoke: Annotated[
        str | None,
        typer.Option(
            metavar="ROLE", help="Print the REVOKE statements for this role.", show_default=False
        ),
    ] = None,
    output_format: options.OutputFormat = Format.TABLE,
    output: options.Output = None,
    *,
    connect: options.Connect,
) -> int:
    """Check server, role, tables and settings; or print the grants that a role needs.

    Examples:
        petrec doctor

        petrec doctor --for backfill,review

        petrec doctor --grants petrec_writer --for backfill | psql

    """
    from petrec.features.doctor.grants import Task
    from petrec.operations.setup import doctor as examine
    from petrec.operations.setup import grants as script

    names = [word.strip() for word in tasks.split(",")]
    if unknown := [name for name in names if name not in set(Task)]:
        known = ", ".join(Task)
        raise UsageError(f"--for {unknown[0]!r} is not a task", hint=f"choose one of: {known}")
    if grants and revoke:
        raise UsageError("--grants and --revoke cannot be combined")
    asked = [Task(name) for name in names]
    session = open_session("doctor", connect)
    if role := grants or revoke:
        with open_output(output) as out:
            out.write(script(session, role, asked, revoke=bool(revoke)))
        return ExitCode.CLEAN
    result = examine(session, asked)
    session.show(result.document(), output_format, output)
    return ExitCode.FINDINGS if result.problems else ExitCode.CLEAN
