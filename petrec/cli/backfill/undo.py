"""`petrec backfill undo`."""

from typing import Annotated

import typer

from petrec.cli import options
from petrec.cli.backfill import limits
from petrec.cli.bundle import bundled
from petrec.cli.confirm import confirm
from petrec.cli.run_code import run_code
from petrec.cli.session import open_session
from petrec.documents.formats import Format


@bundled
def undo(
    run: Annotated[int, typer.Argument(metavar="RUN", help="The run to take back.")],
    *,
    writing: limits.Writing,
    yes: options.Yes = False,
    output_format: options.OutputFormat = Format.TABLE,
    output: options.Output = None,
    quiet: options.Quiet = False,
    connect: options.Connect,
) -> int:
    """Take a run back; a row that has changed since is listed and left alone (exit code 1).

    Examples:
        petrec backfill undo 1

        petrec backfill undo 1 --yes --format json

    """
    from petrec.cli.progress import run_progress
    from petrec.features.backfill.apply import apply_undo
    from petrec.features.runs.journal.presence import is_installed
    from petrec.features.runs.journal.store import read_run
    from petrec.features.runs.lineage import read_skips
    from petrec.features.runs.result import UndoResult
    from petrec.features.runs.targets import make_target
    from petrec.features.runs.undo import check_null_returns
    from petrec.postgres.writable import check_writable

    session = open_session("undo", connect)
    with session.snapshot() as (connection, schema):
        target = make_target(schema)
        if is_installed(connection):
            written = read_run(connection, target.name, run).target
            links = "DELETE" if written.links else ""
            check_writable(connection, schema, written.columns, links=links)
            check_null_returns(connection, schema, run)
    confirm(f"Take run {run} back?", yes=yes)
    with session.translated():
        with run_progress(quiet=quiet) as observe:
            done = apply_undo(session.engine, schema, target, run, writing.throttling(), observe)
        with session.engine.connect() as connection:
            result = UndoResult(done, read_skips(connection, done.id))
    session.show(result.document(), output_format, output)
    return run_code(done, clean=not result.moved_on)
