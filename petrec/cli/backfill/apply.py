"""`petrec backfill`: plan, or apply and export the ambiguous rest."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from petrec.cli import options
from petrec.cli.backfill import limits
from petrec.cli.bundle import bundled
from petrec.cli.confirm import confirm
from petrec.cli.output import open_output, steps
from petrec.cli.run_code import run_code
from petrec.cli.session import Session, open_session
from petrec.documents.formats import Format
from petrec.errors import ExitCode, OutputError
from petrec.files import make_directory, try_directory

if TYPE_CHECKING:
    from petrec.features.backfill.result import BackfillPlan, BackfillResult
    from petrec.features.runs.throttle import Limits

MOST_LISTED = 1_000


@bundled
def backfill(
    context: typer.Context,
    apply: Annotated[bool, typer.Option("--apply", help="Write, in journaled batches.")] = False,
    touch: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN", help="Also set this timestamp column to now()."),
    ] = None,
    sql: Annotated[bool, typer.Option("--sql", help="Print the statement of a batch.")] = False,
    anew: Annotated[
        bool, typer.Option("--anew", help="Abandon an unfinished run and plan again.")
    ] = False,
    export: Annotated[
        Path | None,
        typer.Option(help="Where the ambiguous rows go. Default: reports/ambiguous-TIME.csv"),
    ] = None,
    *,
    writing: limits.Writing,
    yes: options.Yes = False,
    output_format: options.OutputFormat = Format.TABLE,
    output: options.Output = None,
    quiet: options.Quiet = False,
    connect: options.Connect,
) -> int:
    """Plan what certain evidence allows; --apply writes it and exports the ambiguous rest.

    Examples:
        petrec backfill

        petrec backfill --apply --yes --touch updated_at

        petrec backfill undo 1

    """
    if context.invoked_subcommand is not None:
        return ExitCode.CLEAN
    session = open_session("backfill", connect)
    if not apply:
        plan = make_plan(session, touch or [], quiet=quiet)
        if sql:
            with open_output(output) as out:
                out.write(plan.statement + "\n")
            session.remark(quiet=quiet)
        else:
            session.show(plan.document(), output_format, output)
        return ExitCode.CLEAN
    given = writing.limits()
    result = apply_and_export(session, touch or [], given, export, anew=anew, yes=yes, quiet=quiet)
    session.show(result.document(), output_format, output)
    if result.export_failure:
        return ExitCode.UNDETERMINED
    return run_code(result.run, clean=result.is_clean)


def make_plan(session: Session, touch: list[str], *, quiet: bool) -> "BackfillPlan":
    """Plan in one snapshot."""
    from petrec.features.backfill.plan import make_target, preview

    with steps(quiet=quiet) as step, session.snapshot() as (connection, schema):
        step("looking for certain evidence")
        return preview(connection, schema, make_target(schema, touch))


def apply_and_export(
    session: Session,
    touch: list[str],
    given: "Limits",
    export: Path | None,
    *,
    anew: bool,
    yes: bool,
    quiet: bool,
) -> "BackfillResult":
    """Ask, apply, and write the ambiguous rows to a CSV."""
    from petrec.cli.progress import run_progress
    from petrec.features.backfill.apply import apply_backfill
    from petrec.features.backfill.plan import make_target
    from petrec.features.backfill.result import BackfillResult
    from petrec.postgres.writable import check_writable

    with session.snapshot() as (connection, schema):
        target = make_target(schema, touch)
        check_writable(connection, schema, target.touch)
    path = export or Path("reports") / f"ambiguous-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.csv"
    try_directory(path.parent)
    if not yes:
        planned = make_plan(session, touch, quiet=quiet).planned
        confirm(f"Set the pet of {planned} recordings in {target.table}?", yes=yes)
    with session.translated(), run_progress(quiet=quiet) as observe:
        run = apply_backfill(session.engine, schema, target, given, observe, anew=anew)
    left, ambiguous, failure = _export_ambiguous(session, path, always=export is not None)
    written = bool(ambiguous or export) and not failure
    listed = str(path) if written else None
    result = BackfillResult(run, left, ambiguous, listed, export_failure=failure)
    return _with_unwritten(session, result)


def _with_unwritten(session: Session, result: "BackfillResult") -> "BackfillResult":
    """Add what the database has refused, and what its triggers have made otherwise."""
    import msgspec

    from petrec.features.runs.lineage import count_causes, read_unwritten
    from petrec.features.runs.run import Cause

    if result.run is None or not result.run.skipped:
        return result
    with session.translated(), session.engine.connect() as connection:
        causes = count_causes(connection, result.run.id)
        rows = read_unwritten(connection, result.run.id, MOST_LISTED)
    return msgspec.structs.replace(
        result,
        refused=causes.get(Cause.REFUSED, 0),
        rewritten=causes.get(Cause.REWRITTEN, 0),
        not_written=rows,
    )


def _export_ambiguous(session: Session, path: Path, *, always: bool) -> tuple[int, int, str]:
    """Write the ambiguous rows; returns how many are left, are ambiguous, and why none is listed.

    The run is done: what goes wrong with its list must not hide its outcome.
    """
    from petrec.documents.as_csv import write_rows
    from petrec.features.backfill.export import stream_ambiguous
    from petrec.features.backfill.plan import count_left
    from petrec.rules.census import take_census

    with session.snapshot() as (connection, schema):
        census = take_census(connection, schema)
        left, ambiguous = count_left(census), census.count(kind="missing_ambiguous")
        if not ambiguous and not always:
            return left, 0, ""
        try:
            make_directory(path.parent)
            with open_output(path) as out, stream_ambiguous(connection, schema) as (columns, rows):
                write_rows(columns, rows, out, bom=True)
        except OutputError as error:
            return left, ambiguous, f"{error.reason}; petrec review export writes them anywhere"
    return left, ambiguous, ""
