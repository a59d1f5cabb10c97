"""The backfill: plan it, or apply it and export the ambiguous recordings."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from petrec.documents.as_csv import write_rows
from petrec.errors import OutputError
from petrec.features.backfill.apply import Planning
from petrec.features.backfill.apply import apply_backfill as run_backfill
from petrec.features.backfill.export import stream_ambiguous
from petrec.features.backfill.plan import count_left, preview
from petrec.features.backfill.result import BackfillPlan, BackfillResult
from petrec.features.runs.driver.throttle import Throttling
from petrec.features.runs.lineage import count_causes, read_unwritten
from petrec.features.runs.run import Observer, SkipCause
from petrec.features.runs.targets import make_target
from petrec.files import atomic_text, make_directory, try_directory
from petrec.operations.callbacks import Confirm, Step, ignore, require
from petrec.operations.session import Session
from petrec.postgres.writable import check_writable
from petrec.rules.census import Census, take_census

# Rows that were not written as planned are listed up to this number; the database has them all.
MOST_LISTED = 1_000


def plan_backfill(
    session: Session,
    *,
    touch: Sequence[str] = (),
    limit: int | None = None,
    step: Step = ignore,
) -> BackfillPlan:
    """Plan the repair of recordings with certain evidence; writes nothing.

    `touch` names columns of the recordings that a run would also set to now(), `limit` is how many
    recordings it may change.
    """
    with session.snapshot() as (connection, schema):
        step("searching for certain evidence")
        return preview(connection, schema, make_target(schema, touch), limit)


def apply_backfill(
    session: Session,
    *,
    touch: Sequence[str] = (),
    throttling: Throttling | None = None,
    anew: bool = False,
    limit: int | None = None,
    export: Path | None = None,
    export_empty: bool = True,
    confirm: Confirm[BackfillPlan] | None = None,
    step: Step = ignore,
    progress: Observer = ignore,
) -> BackfillResult:
    """Set the pet that certain evidence names, in batches that can be undone.

    An unfinished run is resumed, or with `anew` abandoned and planned again. With `limit`, a new
    plan has at most that many recordings. `export` is a CSV for the ambiguous recordings; without
    `export_empty` it is not written if there are none. `confirm` is called with the plan before
    anything is written. `progress` is called after every batch.
    """
    with session.snapshot() as (connection, schema):
        target = make_target(schema, touch)
        check_writable(connection, schema, target.touch)
    if export:
        try_directory(export.parent)
    if confirm:
        require(confirm, plan_backfill(session, touch=touch, limit=limit, step=step))
    given = throttling or Throttling()
    with session.translated():
        run = run_backfill(session.engine, schema, target, given, progress, Planning(anew, limit))
    census, failure = _export_ambiguous(session, export, always=export_empty)
    ambiguous = census.count(kind="missing_ambiguous")
    written = export and (ambiguous or export_empty) and not failure
    listed = str(export) if written else None
    result = BackfillResult(
        run,
        count_left(census),
        ambiguous,
        listed,
        certain=census.count(kind="missing_inferable"),
        export_failure=failure,
    )
    return _with_unwritten(session, result)


def _with_unwritten(session: Session, result: BackfillResult) -> BackfillResult:
    """Add the rows that the database has refused or its triggers have changed."""
    if result.run is None or not result.run.skipped:
        return result
    with session.translated(), session.engine.connect() as connection:
        causes = count_causes(connection, result.run.id)
        rows = read_unwritten(connection, result.run.id, MOST_LISTED)
    return msgspec.structs.replace(
        result,
        refused=causes.get(SkipCause.REFUSED, 0),
        rewritten=causes.get(SkipCause.REWRITTEN, 0),
        not_written=rows,
    )


def _export_ambiguous(session: Session, path: Path | None, *, always: bool) -> tuple[Census, str]:
    """Write the ambiguous rows; returns the count left, and why the file was not written.

    The run is done: a failed export must not hide its outcome.
    """
    with session.snapshot() as (connection, schema):
        census = take_census(connection, schema)
        if path is None or not (census.count(kind="missing_ambiguous") or always):
            return census, ""
        try:
            make_directory(path.parent)
            with atomic_text(path) as out, stream_ambiguous(connection, schema) as (columns, rows):
                write_rows(columns, rows, out, bom=True)
        except OutputError as error:
            return census, f"{error.reason}; to write them elsewhere: petrec review export"
    return census, ""
