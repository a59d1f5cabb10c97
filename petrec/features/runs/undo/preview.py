"""The preview of an undo; writes nothing."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, case, exists, func, select

from petrec.errors import DatabaseError, UnsupportedServerError
from petrec.features.runs.foresight import foresee
from petrec.features.runs.journal.keys import has_last_key, last_keys
from petrec.features.runs.journal.store import undos_of
from petrec.features.runs.journal.tables import changes
from petrec.features.runs.result import MovedOn, UndoPlan
from petrec.features.runs.run import Run, Target
from petrec.features.runs.undo.plan import check_null_returns, check_undoable, undo_target
from petrec.features.runs.undo.work import is_as_written, reason_left
from petrec.schema import Schema

# Rows to skip are listed up to this number.
MOST_LISTED = 1_000
_GONE = "the recording was deleted"


def preview_undo(connection: Connection, schema: Schema, target: Target, undone: Run) -> UndoPlan:
    """Compare the recordings of a run with what it wrote.

    Errors: IllegalTransitionError, UnsupportedServerError.
    """
    if not schema.layout.is_here:
        raise UnsupportedServerError(
            "Citus does not join recordings to the journal, so an undo has no plan there",
            hint="undo the run: rows that have changed since are skipped and listed",
        )
    check_undoable(undone, target)
    written = undo_target(connection, undone)
    compared = _compared(connection, schema, undone, written).subquery("compared")
    left = compared.c.reason
    total, kept = connection.execute(select(func.count(compared.c.seq), func.count(left))).one()
    listed = select(compared).where(left.is_not(None)).order_by(compared.c.seq).limit(MOST_LISTED)
    foresight = foresee(connection, schema, written, links="DELETE", locks=False)
    return UndoPlan(
        run=undone,
        restored=total - kept,
        left=kept,
        moved_on=tuple(MovedOn(row.row_key[0], row.reason) for row in connection.execute(listed)),
        obstacles=(*foresight.obstacles, *_null_returns(connection, schema, undone.id)),
        warnings=foresight.warnings,
    )


def _compared(connection: Connection, schema: Schema, undone: Run, written: Target) -> Select[Any]:
    """Select the changes that are not undone yet; the reason is NULL if one can be restored."""
    recordings, last = schema.tables.recordings, last_keys(undone)
    earlier = changes.alias("earlier")
    undos = undos_of(connection, undone.id)
    taken_back = exists().where(earlier.c.run_id.in_(undos), earlier.c.seq == changes.c.seq)
    return (
        select(changes.c.seq, changes.c.row_key, _reason(schema, written).label("reason"))
        .outerjoin(last, last.c.old_key == changes.c.row_key)
        .outerjoin(recordings, has_last_key(schema, recordings.c, changes.c.row_key, last))
        .where(changes.c.run_id == undone.id, ~taken_back.correlate(changes))
    )


def _reason(schema: Schema, written: Target) -> ColumnElement[Any]:
    recordings = schema.tables.recordings.c
    as_written = and_(*(is_as_written(recordings[name]) for name in written.decided))
    changed = reason_left(recordings.pet_id, written)
    return case((recordings.id.is_(None), _GONE), (as_written, None), else_=changed)


def _null_returns(connection: Connection, schema: Schema, run_id: int) -> list[str]:
    try:
        check_null_returns(connection, schema, run_id)
    except DatabaseError as error:
        return [error.reason]
    return []
