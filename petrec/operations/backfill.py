"""The backfill: plan it, or apply it and export the ambiguous recordings."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from petrec.documents.as_csv import write_rows
from petrec.errors import OutputError
from petrec.features.backfill.apply import Planning
from petrec.features.backfill.apply import apply_backfill as run_backfill
from petrec.features.backfill.export import stream_ambiguous
from petrec.features.backfill.plan import count_left, preview
from petrec.features.backfill.result import BackfillPlan, BackfillResult
from petrec.features.backfill.selection import Selection, select_recordings
from petrec.features.backfill.unfinished import foresee_unfinished
from petrec.features.runs.driver.throttle import Throttling
from petrec.features.runs.lineage import count_causes, read_unwritten
from petrec.features.runs.run import Observer, SkipCause
from petrec.features.runs.targets import make_target
from petrec.files import atomic_text, make_directory, try_directory
from petrec.operations.callbacks import Confirm, Step, ignore, require
from petrec.operations.session import Session
from petrec.postgres.writable import check_writable
from petrec.rules.census import Census, take_census
from petrec.rules.kinds.missing_ambiguous import MISSING_AMBIGUOUS
from petrec.rules.kinds.missing_inferable import MISSING_INFERABLE
from petrec.schema import Schema

# Rows that were not written as planned are listed up to this number; the database has them all.
MOST_LISTED = 1_000
_EVERY: Mapping[str, str] = {}


def plan_backfill(
    session: Session,
    *,
    touch: Sequence[str] = (),
    limit: int | None = None,
    where: Mapping[str, str] = _EVERY,
    since: str | None = None,
    anew: bool = False,
    step: Step = ignore,
) -> BackfillPlan:
    """Plan the repair of recordings with certain evidence; writes nothing.

    `touch` names columns of the recordings that a run would also set to now(), `limit` is how many
    recordings it may change. `where` holds values, as text, of columns of recordings or else of
    their appointments, `since` is the time (7d, 24h, 2026-01-31) since when they were created.
    `anew` would abandon an unfinished run.
    """
    with session.snapshot() as (connection, schema):
        selection = select_recordings(connection, schema, where, since, limit)
        step("searching for certain evidence")
        target = make_target(schema, touch, selection.only)
        return preview(connection, schema, target, selection, anew=anew)


def apply_backfill(
    session: Session,
    *,
    touch: Sequence[str] = (),
    throttling: Throttling | None = None,
    anew: bool = False,
    limit: int | None = None,
    where: Mapping[str, str] = _EVERY,
    since: str | None = None,
    export: Path | None = None,
    export_empty: bool = True,
    confirm: Confirm[BackfillPlan] | None = None,
    step: Step = ignore,
    progress: Observer = ignore,
) -> BackfillResult:
    """Set the pet that certain evidence names, in batches that can be undone.

    An unfinished run is resumed, or with `anew` abandoned and planned again. With `limit`, `where`
    and `since`, see `plan_backfill`, a new plan has a part of the recordings only. `export` is a
    CSV for the ambiguous recordings; without `export_empty` it is not written if there are none.
    `confirm` is called with the plan before anything is written. `progress` is called at the start,
    after every batch and at the end.
    """
    with session.snapshot() as (connection, schema):
        selection = select_recordings(connection, schema, where, since, limit)
        target = make_target(schema, touch, selection.only)
        check_writable(connection, schema, target.columns)
        foresee_unfinished(connection, target, anew=anew).require()
    if export:
        try_directory(export.parent)
    if confirm:
        with session.snapshot(known=schema) as (connection, _):
            step("looking for certain evidence")
            plan = preview(connection, schema, target, selection, anew=anew)
        require(confirm, plan)
    given, planning = throttling or Throttling(), Planning(anew, selection)
    with session.translated():
        run = run_backfill(session.engine, schema, target, given, progress, planning)
    census, failure = _export_ambiguous(session, schema, selection, export, always=export_empty)
    ambiguous = census.count(kind=MISSING_AMBIGUOUS.id)
    written = export and (ambiguous or export_empty) and not failure
    listed = str(export) if written else None
    result = BackfillResult(
        run,
        count_left(census),
        ambiguous,
        listed,
        certain=census.count(kind=MISSING_INFERABLE.id),
        export_failure=failure,
        only=selection.only,
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


def _export_ambiguous(
    session: Session, schema: Schema, selection: Selection, path: Path | None, *, always: bool
) -> tuple[Census, str]:
    """Write the ambiguous rows; returns the count left, and why the file was not written.

    The run is done: a failed export must not hide its outcome.
    """
    with session.snapshot(known=schema) as (connection, _):
        census = take_census(connection, schema, selection.condition(schema))
        if path is None or not (census.count(kind=MISSING_AMBIGUOUS.id) or always):
            return census, ""
        try:
            make_directory(path.parent)
            ambiguous = stream_ambiguous(connection, schema, selection)
            with atomic_text(path) as out, ambiguous as (columns, rows):
                write_rows(columns, rows, out, bom=True)
        except OutputError as error:
            return census, f"{error.reason}; to write them elsewhere: petrec review export"
    return census, ""
