"""The run that undoes another one: planned or resumed, then run to its end."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import Connection, and_, exists, func, select

from petrec.errors import DatabaseError, IllegalTransitionError
from petrec.features.runs.journal.keys import follow_moves
from petrec.features.runs.journal.store import (
    change_state,
    create_run,
    read_run,
    undos_of,
    unfinished_run,
    update_run,
)
from petrec.features.runs.journal.tables import changes
from petrec.features.runs.resume import take_up
from petrec.features.runs.run import UNFINISHED, Action, Run, RunState, Target
from petrec.features.runs.targets import check_target
from petrec.phrases import Phrase, Phrased
from petrec.postgres.foreseen import is_required
from petrec.schema import Schema

_APPOINTMENT = "appointment_id"


def plan_undo(connection: Connection, run_id: int, target: Target) -> Run:
    """Create the run that undoes another, or take over the one that has started to.

    Errors: RunNotFoundError, IllegalTransitionError.
    """
    unfinished = unfinished_run(connection, target.name, Action.UNDO, run_id)
    if unfinished is not None:
        return take_up(connection, unfinished, target)
    undone = read_run(connection, target.name, run_id)
    check_undoable(undone, target)
    if undone.state in UNFINISHED:
        # The rest of the run must not be written any more.
        change_state(connection, undone, RunState.ABANDONED)
    follow_moves(connection, changes, undone)
    undos = undos_of(connection, run_id)
    planned = _journaled(connection, [run_id]) - _journaled(connection, undos)
    new = create_run(connection, Action.UNDO, undo_target(connection, undone), undoes=run_id)
    update_run(connection, new, {"planned": planned})
    return read_run(connection, target.name, new)


def check_undoable(run: Run, target: Target) -> None:
    """Refuse to undo an undo, or a run of another table; errors: IllegalTransitionError."""
    if run.action is Action.UNDO:
        reason = f"run {run.id} is itself an undo"
        raise IllegalTransitionError(reason, hint="run the original command again instead")
    check_target(run, target)


def undo_target(connection: Connection, undone: Run) -> Target:
    """Return the target of an undo: the run's, and the appointment if triggers changed it."""
    written = undone.target
    if _APPOINTMENT in written.columns:
        return written
    moved = changes.c.old.op("->>")(_APPOINTMENT).is_distinct_from(
        changes.c.new.op("->>")(_APPOINTMENT)
    )
    found = select(exists().where(changes.c.run_id == undone.id, moved))
    if not connection.scalar(found):
        return written
    return msgspec.structs.replace(written, also=(*written.also, _APPOINTMENT))


def _journaled(connection: Connection, run_ids: Sequence[int]) -> int:
    """Count the changes, including those in which a trigger wrote another value."""
    query = select(func.count()).select_from(changes).where(changes.c.run_id.in_(run_ids))
    return int(connection.scalars(query).one())


def check_null_returns(connection: Connection, schema: Schema, run_id: int) -> None:
    """Refuse to restore NULL pets if the column is NOT NULL now; errors: DatabaseError."""
    recordings = schema.tables.recordings
    if not is_required(connection, recordings, recordings.c.pet_id.name):
        return
    lacked = and_(changes.c.old.has_key("pet_id"), changes.c.old.op("->>")("pet_id").is_(None))
    query = select(func.count()).select_from(changes).where(changes.c.run_id == run_id, lacked)
    if count := connection.scalars(query).one():
        raise DatabaseError(
            f"{count} recordings had no pet before run {run_id}, and pet_id is NOT NULL now",
            hint=Phrased(Phrase.ROLLBACK_BEFORE_UNDO),
        )
