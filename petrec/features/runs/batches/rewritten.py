"""Changes by triggers to a batch's rows, read before the commit.

RETURNING shows the row after BEFORE triggers; AFTER triggers run later, deferred ones at the
commit. https://www.postgresql.org/docs/current/trigger-definition.html
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Executable,
    Select,
    and_,
    case,
    cast,
    exists,
    false,
    func,
    literal,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects import postgresql

from petrec.features.runs.batches.items import numbered, numbers_of
from petrec.features.runs.batches.work import from_json, in_journal
from petrec.features.runs.journal.tables import changes, link_changes, skips
from petrec.features.runs.run import Action, Run, SkipCause
from petrec.schema import Schema

IMMEDIATE = text("SET CONSTRAINTS ALL IMMEDIATE")
_OTHERWISE = "a trigger wrote another value"
_DELETED = "a trigger deleted the recording or changed its key"
_MOVED = "a trigger moved the recording to another appointment"
_APPOINTMENT = "appointment_id"
_UNLINKED = "a trigger prevented adding the pet to the appointment"


def check_triggers(connection: Connection, run: Run, schema: Schema, ready: Sequence[int]) -> int:
    """Journal the current values of the rows; returns how many differ from the plan.

    Deferred triggers run here, so that their changes are seen, too.
    """
    connection.execute(IMMEDIATE)
    skipped, journal = drift_statements(schema, run)
    counted = connection.execute(skipped, numbers_of(ready)).all()
    connection.execute(journal, numbers_of(ready))
    return len(counted)


def drift_statements(schema: Schema, run: Run) -> tuple[Executable, Executable]:
    """Build what skips rows that are not as planned, and what journals the rows as they are."""
    drifted = _drifted(schema, run).cte("drifted")
    columns = ["run_id", "seq", "row_key", "cause", "reason"]
    fixed = (drifted.c.seq, drifted.c.row_key, literal(SkipCause.REWRITTEN), drifted.c.reason)
    rows = select(literal(run.id), *fixed).where(drifted.c.reason.is_not(None))
    skipped = postgresql.insert(skips).from_select(columns, rows).on_conflict_do_nothing()
    journal = update(changes).values(new=drifted.c.now)
    mine = and_(changes.c.run_id == run.id, changes.c.seq == drifted.c.seq)
    return skipped.returning(skips.c.seq), journal.where(mine, drifted.c.now.is_not(None))


def _drifted(schema: Schema, run: Run) -> Select[Any]:
    """Select the changes whose recording differs from the journal: its current values, and why.

    The reason is NULL if only columns differ that the plan does not decide.
    """
    recordings = schema.tables.recordings
    columns = dict.fromkeys((*run.target.columns, _APPOINTMENT))
    now = [part for c in columns for part in (literal(c), in_journal(recordings.c[c]))]
    decided = or_(*(_differs(recordings.c[c]) for c in run.target.decided))
    any_column = or_(*(_differs(recordings.c[c]) for c in columns))
    gone, moved = recordings.c.id.is_(None), _is_moved(recordings.c.appointment_id, run)
    unlinked = _unlinked(schema, run)
    reason = case((gone, _DELETED), (decided, _OTHERWISE), (unlinked, _UNLINKED), (moved, _MOVED))
    return (
        select(
            changes.c.seq,
            changes.c.row_key,
            case((~gone, func.jsonb_build_object(*now))).label("now"),
            reason.label("reason"),
        )
        .select_from(changes.outerjoin(recordings, _has_key_now(schema, run)))
        .where(numbered(changes, changes.c.run_id == run.id))
        .where(or_(gone, any_column, unlinked, moved))
    )


def _written(column: ColumnElement[Any]) -> ColumnElement[Any]:
    return from_json(changes.c.new, column)


def _differs(column: ColumnElement[Any]) -> ColumnElement[bool]:
    return in_journal(column).is_distinct_from(in_journal(_written(column)))


def _has_key_now(schema: Schema, run: Run) -> ColumnElement[bool]:
    """Find a recording even if the run has changed a column of its key."""
    recordings = schema.tables.recordings
    parts = []
    for place, name in enumerate(schema.key, start=1):
        column = recordings.c[name]
        before = cast(changes.c.row_key[place], column.type)
        parts.append(column == (_written(column) if name in run.target.columns else before))
    return and_(*parts)


def _is_moved(appointment: ColumnElement[Any], run: Run) -> ColumnElement[bool]:
    """Return whether a recording is in another appointment now, though the run moves none."""
    if _APPOINTMENT in run.target.columns:
        return false()
    return appointment.is_distinct_from(from_json(changes.c.old, appointment))


def _unlinked(schema: Schema, run: Run) -> ColumnElement[bool]:
    """Return whether a pet that the change needs is not in its appointment."""
    if run.action is Action.UNDO:
        return false()
    links = schema.links
    there = exists().where(
        links.c.appointment_id == cast(link_changes.c.appointment_id, links.c.appointment_id.type),
        links.c.pet_id == cast(link_changes.c.pet_id, links.c.pet_id.type),
    )
    return (
        exists()
        .where(
            link_changes.c.run_id == run.id,
            link_changes.c.seq == changes.c.seq,
            ~there.correlate(link_changes),
        )
        .correlate(changes)
    )
