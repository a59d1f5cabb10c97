"""`petrec backfill` and its subcommands."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from petrec.cli import options
from petrec.cli.confirm import confirm
from petrec.cli.output import open_output, show, steps
from petrec.cli.session import Session, open_session
from petrec.errors import ExitCode
from petrec.render.formats import Format

if TYPE_CHECKING:
    from petrec.journal.throttle import Limits
    from petrec.results.backfill import BackfillPlan, BackfillResult

backfill_app = typer.Typer(
    help="Give recordings the pet that certain evidence names; plan by default.",
    invoke_without_command=True,
)

_WRITING = "Writing"
_Target = Annotated[
    float,
    typer.Option(min=10, help="Longest time to hold a lock, ms.", rich_help_panel=_WRITING),
]
_LagBytes = Annotated[
    int, typer.Option(min=0, help="Pause beyond this replica lag.", rich_help_panel=_WRITING)
]
_LagSeconds = Annotated[
    float, typer.Option(min=0, help="Pause beyond this replica lag.", rich_help_panel=_WRITING)
]
_IgnoreLag = Annotated[
    bool, typer.Option("--ignore-lag", help="Do not look at replicas.", rich_help_panel=_WRITING)
]
_Rate = Annotated[
    float | None,
    typer.Option(min=0.1, help="At most this many rows a second.", rich_help_panel=_WRITING),
]
_PauseFile = Annotated[
    Path | None,
    typer.Option(help="Pause while this file exists.", rich_help_panel=_WRITING),
]
_Deadline = Annotated[
    float,
    typer.Option(
        min=0, help="Give up after this long without progress, s.", rich_help_panel=_WRITING
    ),
]


@backfill_app.callback()
def backfill(
    context: typer.Context,
    apply: Annotated[bool, typer.Option("--apply", help="Write, in journaled batches.")] = False,
    touch: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN", help="Also set this timestamp column to now()."),
    ] = None,
    anew: Annotated[
        bool, typer.Option("--anew", help="Abandon an unfinished run and plan again.")
    ] = False,
    export: Annotated[
        Path | None,
        typer.Option(help="Where the ambiguous rows go. Default: reports/ambiguous-TIME.csv"),
    ] = None,
    target_ms: _Target = 250.0,
    max_lag_bytes: _LagBytes = 64 * 1024 * 1024,
    max_lag_seconds: _LagSeconds = 10.0,
    ignore_lag: _IgnoreLag = False,
    max_rows_per_second: _Rate = None,
    pause_file: _PauseFile = None,
    deadline: _Deadline = 300.0,
    yes: options.Yes = False,
    output_format: options.OutputFormat = Format.TABLE,
    output: options.Output = None,
    dsn: options.Dsn = None,
    service: options.Service = None,
    config: options.Config = None,
    quiet: options.Quiet = False,
    verbose: options.Verbose = 0,
) -> int:
    """Plan what certain evidence allows; with --apply write it, then export the ambiguous rest.

    Examples:
        petrec backfill

        petrec backfill --apply --yes --touch updated_at

        petrec backfill undo 1

    """
    if context.invoked_subcommand is not None:
        return ExitCode.CLEAN
    from petrec.journal.throttle import Limits

    session = open_session("backfill", dsn, service, config, verbose)
    if not apply:
        plan = make_plan(session, touch or [], quiet=quiet)
        show(plan.document(), output_format, output)
        return ExitCode.CLEAN
    limits = Limits(
        target_ms=target_ms,
        max_lag_bytes=max_lag_bytes,
        max_lag_s=max_lag_seconds,
        ignore_lag=ignore_lag,
        max_rows_per_second=max_rows_per_second,
        pause_file=pause_file,
        deadline_s=deadline,
    )
    result = apply_and_export(session, touch or [], limits, export, anew=anew, yes=yes, quiet=quiet)
    show(result.document(), output_format, output)
    return ExitCode.CLEAN


def make_plan(session: Session, touch: list[str], *, quiet: bool) -> "BackfillPlan":
    """Plan in one snapshot."""
    from petrec.backfill.plan import make_target, preview

    with steps(quiet=quiet) as step, session.snapshot() as (connection, schema):
        step("looking for certain evidence")
        return preview(connection, schema, make_target(schema, touch))


def apply_and_export(
    session: Session,
    touch: list[str],
    limits: "Limits",
    export: Path | None,
    *,
    anew: bool,
    yes: bool,
    quiet: bool,
) -> "BackfillResult":
    """Ask, apply, and write the ambiguous rows to a CSV."""
    from petrec.backfill.apply import apply_backfill
    from petrec.backfill.plan import make_target
    from petrec.cli.progress import run_progress
    from petrec.db.writable import check_writable
    from petrec.results.backfill import BackfillResult

    with session.snapshot() as (connection, schema):
        target = make_target(schema, touch)
        check_writable(connection, schema, target.touch)
    if not yes:
        planned = make_plan(session, touch, quiet=quiet).planned
        confirm(f"Set the pet of {planned} recordings in {target.table}?", yes=yes)
    with session.translated(), run_progress(quiet=quiet) as observe:
        run = apply_backfill(session.engine, schema, target, limits, observe, anew=anew)
    left, ambiguous, path = _export_ambiguous(session, export)
    return BackfillResult(run, left, ambiguous, str(path) if path else None)


def _export_ambiguous(session: Session, export: Path | None) -> tuple[int, int, Path | None]:
    from petrec.backfill.export import stream_ambiguous
    from petrec.backfill.plan import count_left
    from petrec.render.as_csv import write_rows

    with session.snapshot() as (connection, schema):
        left = count_left(connection, schema)
        ambiguous = count_left(connection, schema, "missing_ambiguous")
        if not ambiguous and export is None:
            return left, 0, None
        moment = datetime.now(UTC)
        path = export or Path("reports") / f"ambiguous-{moment:%Y%m%dT%H%M%SZ}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        with open_output(path) as out:
            columns, rows = stream_ambiguous(connection, schema)
            write_rows(columns, rows, out, bom=True)
    return left, ambiguous, path


@backfill_app.command("status")
def status(
    output_format: options.OutputFormat = Format.TABLE,
    output: options.Output = None,
    dsn: options.Dsn = None,
    service: options.Service = None,
    config: options.Config = None,
    verbose: options.Verbose = 0,
) -> int:
    """Show the runs and how far they are; can be asked while one is working.

    Examples:
        petrec backfill status

        watch -n1 petrec backfill status

    """
    from petrec.journal.install import is_installed
    from petrec.journal.runs import list_runs
    from petrec.results.runs import RunList

    session = open_session("status", dsn, service, config, verbose)
    with session.translated(), session.engine.connect() as connection:
        found = list_runs(connection) if is_installed(connection) else ()
    show(RunList(found).document(), output_format, output)
    return ExitCode.CLEAN


@backfill_app.command("undo")
def undo(
    run: Annotated[int, typer.Argument(metavar="RUN", help="The run to take back.")],
    target_ms: _Target = 250.0,
    max_lag_bytes: _LagBytes = 64 * 1024 * 1024,
    max_lag_seconds: _LagSeconds = 10.0,
    ignore_lag: _IgnoreLag = False,
    max_rows_per_second: _Rate = None,
    pause_file: _PauseFile = None,
    deadline: _Deadline = 300.0,
    yes: options.Yes = False,
    output_format: options.OutputFormat = Format.TABLE,
    output: options.Output = None,
    dsn: options.Dsn = None,
    service: options.Service = None,
    config: options.Config = None,
    quiet: options.Quiet = False,
    verbose: options.Verbose = 0,
) -> int:
    """Take a run back; a row that has changed since is listed and left alone (exit code 1).

    Examples:
        petrec backfill undo 1

        petrec backfill undo 1 --yes --format json

    """
    from petrec.backfill.apply import apply_undo
    from petrec.backfill.plan import make_target
    from petrec.cli.progress import run_progress
    from petrec.db.writable import check_writable
    from petrec.journal.lineage import read_skips
    from petrec.journal.throttle import Limits
    from petrec.results.backfill import UndoResult

    session = open_session("undo", dsn, service, config, verbose)
    limits = Limits(
        target_ms=target_ms,
        max_lag_bytes=max_lag_bytes,
        max_lag_s=max_lag_seconds,
        ignore_lag=ignore_lag,
        max_rows_per_second=max_rows_per_second,
        pause_file=pause_file,
        deadline_s=deadline,
    )
    with session.snapshot() as (connection, schema):
        target = make_target(schema)
        check_writable(connection, schema)
    confirm(f"Take run {run} back?", yes=yes)
    with session.translated():
        with run_progress(quiet=quiet) as observe:
            done = apply_undo(session.engine, schema, target, run, limits, observe)
        with session.engine.connect() as connection:
            result = UndoResult(done, read_skips(connection, done.id))
    show(result.document(), output_format, output)
    return ExitCode.FINDINGS if result.moved_on else ExitCode.CLEAN


@backfill_app.command("show")
def show_lineage(
    run: Annotated[
        int | None, typer.Argument(metavar="[RUN]", help="The run.", show_default=False)
    ] = None,
    recording: Annotated[
        str | None, typer.Option(metavar="ID", help="The history of one recording.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many changes.")] = None,
    output_format: options.OutputFormat = Format.TABLE,
    output: options.Output = None,
    dsn: options.Dsn = None,
    service: options.Service = None,
    config: options.Config = None,
    verbose: options.Verbose = 0,
) -> int:
    """Show what a run changed, or everything that petrec ever did to one recording.

    Examples:
        petrec backfill show 1

        petrec backfill show --recording 7f455fe4-0dd9-b6e6-7932-fb8ab3f0fbc6

    """
    from petrec.errors import UsageError
    from petrec.journal.install import is_installed
    from petrec.journal.lineage import read_lineage
    from petrec.journal.runs import read_run
    from petrec.results.lineage import Lineage

    if run is None and recording is None:
        raise UsageError("name a run or --recording", hint="petrec backfill status lists the runs")
    session = open_session("show", dsn, service, config, verbose)
    with session.translated(), session.engine.connect() as connection:
        if not is_installed(connection):
            lineage = Lineage(())
        else:
            if run is not None:
                read_run(connection, run)
            lineage = read_lineage(connection, run, recording, limit)
    show(lineage.document(), output_format, output)
    return ExitCode.CLEAN
