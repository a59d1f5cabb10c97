"""`petrec backfill undo`."""

from typing import Annotated

import typer

from petrec.cli import options
from petrec.cli.backfill import limits
from petrec.cli.confirm import confirm
from petrec.cli.output import show
from petrec.cli.session import open_session
from petrec.errors import ExitCode
from petrec.render.formats import Format


def undo(
    run: Annotated[int, typer.Argument(metavar="RUN", help="The run to take back.")],
    target_ms: limits.Target = 250.0,
    max_lag_bytes: limits.LagBytes = 64 * 1024 * 1024,
    max_lag_seconds: limits.LagSeconds = 10.0,
    ignore_lag: limits.IgnoreLag = False,
    max_rows_per_second: limits.Rate = None,
    pause_file: limits.PauseFile = None,
    deadline: limits.Deadline = 300.0,
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
    from petrec.journal.install import is_installed
    from petrec.journal.lineage import read_skips
    from petrec.journal.runs import read_run
    from petrec.journal.throttle import Limits
    from petrec.results.backfill import UndoResult

    session = open_session("undo", dsn, service, config, verbose)
    given = Limits(
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
        if is_installed(connection):
            written = read_run(connection, run).target
            links = "DELETE" if written.links else ""
            check_writable(connection, schema, written.columns, links=links)
    confirm(f"Take run {run} back?", yes=yes)
    with session.translated():
        with run_progress(quiet=quiet) as observe:
            done = apply_undo(session.engine, schema, target, run, given, observe)
        with session.engine.connect() as connection:
            result = UndoResult(done, read_skips(connection, done.id))
    show(result.document(), output_format, output)
    return ExitCode.FINDINGS if result.moved_on else ExitCode.CLEAN
