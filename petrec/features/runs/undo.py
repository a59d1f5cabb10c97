"""Take a run back: old values return where the row still holds what the run wrote."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    FromClause,
    Select,
    Subquery,
    Table,
    and_,
    case,
    cast,
    func,
    literal,
    select,
)

from petrec.errors import DatabaseError, IllegalTransitionError
from petrec.features.runs.batches.items import numbered
from petrec.features.runs.batches.links import remove_links
from petrec.features.runs.batches.row_locks import ROW_VERSION, locked_as_read, system_columns
from petrec.features.runs.batches.write import new_value, old_value
from petrec.features.runs.journal.keys import follow_moves, has_key
from petrec.features.runs.journal.store import change_state, create_run, read_run, update_run
from petrec.features.runs.journal.tables import changes, runs
from petrec.features.runs.run import UNFINISHED, Action, Run, RunState, Target
from petrec.features.runs.targets import check_target
from petrec.phrases import Phrase, Phrased
from petrec.postgres.foreseen import is_required
from petrec.schema import Schema


class UndoWork:
    """The changes of one run, in reverse roles: old values are new, new ones are expected."""

    watched = False

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        # Also those that [mapping.where] leaves out by now: what was written can be taken back.
        self.recordings: FromClause = schema.tables.recordings
        self.settled_by: Sequence[int] = ()

    def items(self, run: Run) -> tuple[Table, ColumnElement[bool]]:
        """Return the changes of the run that is undone."""
        return changes, changes.c.run_id == run.undoes

    def lock(self, connection: Connection, run: Run, page: Sequence[int]) -> list[int]:
        """Rely on nothing but the recordings themselves."""
        del connection, run
        return list(page)

    def guarded_rows(self, run: Run) -> Select[Any]:
        """Compare each row with what the run wrote; a row changed since is left alone."""
        table, mine = self.items(run)
        recording = self._recordings()
        columns = [recording.c[name] for name in run.target.columns]
        decided = [column for column in columns if column.key not in run.target.touch]
        query = (
            select(
                table.c.seq,
                table.c.row_key,
                literal(Action.UNDO).label("strategy"),
                and_(*map(_unchanged, decided)).label("applies"),
                _reason(recording.c.pet_id).label("reason"),
                *(c.label(old_value(c.key)) for c in columns),
                *(_restored(c).label(new_value(c.key)) for c in columns),
            )
            .join(recording, has_key(self.schema, recording.c, table.c.row_key))
            .where(numbered(table, mine))
        )
        return locked_as_read(self.schema, query, recording.c, table.c.row_key)

    def _recordings(self) -> Subquery:
        recordings = self.recordings
        version = system_columns(recordings, ROW_VERSION)
        return select(*recordings.c, *version).subquery("recording")

    def after_write(self, connection: Connection, run: Run, ready: Sequence[int]) -> None:
        """Take the pets out of their appointments again that the run had added."""
        if run.target.links:
            remove_links(connection, self.schema, run, ready, [run.id, *self.settled_by])


def _unchanged(column: ColumnElement[Any]) -> ColumnElement[bool]:
    return column.is_not_distinct_from(_typed(changes.c.new, column))


def _restored(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return the old value; a timestamp that the application has moved since stays as it is."""
    return case((_unchanged(column), _typed(changes.c.old, column)), else_=column)


def _reason(pet: ColumnElement[Any]) -> ColumnElement[str]:
    return case(
        (_unchanged(pet), "its appointment was changed since"),
        (pet.is_(None), "its pet was taken away since"),
        else_="it was given another pet since",
    )


def _typed(values: Column[Any], column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Read a journaled value in its column's own type."""
    return cast(values.op("->>")(column.key), column.type)


def plan_undo(connection: Connection, run_id: int, target: Target) -> Run:
    """Create the run that undoes another; errors: RunNotFoundError, IllegalTransitionError."""
    undone = read_run(connection, target.name, run_id)
    if undone.action is Action.UNDO:
        reason = f"run {run_id} is itself an undo"
        raise IllegalTransitionError(reason, hint="run the original command again instead")
    check_target(undone, target)
    if undone.state in UNFINISHED:
        # What it has not done yet is not to be done any more.
        change_state(connection, undone, RunState.ABANDONED)
    follow_moves(connection, changes, undone)
    undos = earlier_undos(connection, run_id)
    planned = _journaled(connection, [run_id]) - _journaled(connection, undos)
    new = create_run(connection, Action.UNDO, undone.target, undoes=run_id)
    update_run(connection, new, {"planned": planned})
    return read_run(connection, target.name, new)


def earlier_undos(connection: Connection, run_id: int) -> list[int]:
    """Return the ids of the runs that have taken back changes of a run."""
    return list(connection.scalars(select(runs.c.id).where(runs.c.undoes == run_id)))


def _journaled(connection: Connection, run_ids: Sequence[int]) -> int:
    """Count changes, also those in which a trigger wrote another value."""
    query = select(func.count()).select_from(changes).where(changes.c.run_id.in_(run_ids))
    return int(connection.scalars(query).one())


def check_null_returns(connection: Connection, schema: Schema, run_id: int) -> None:
    """Refuse to take back NULL pets where the column is NOT NULL now; errors: DatabaseError."""
    recordings = schema.tables.recordings
    if not is_required(connection, recordings, recordings.c.pet_id.name):
        return
    lacked = changes.c.old.op("->>")("pet_id").is_(None)
    query = select(func.count()).select_from(changes).where(changes.c.run_id == run_id, lacked)
    if count := connection.scalars(query).one():
        raise DatabaseError(
            f"{count} recordings had no pet before run {run_id}, and pet_id is NOT NULL now",
            hint=Phrased(Phrase.ROLLBACK_BEFORE_UNDO),
        )
