"""The work of an undo: restore old values if the row still holds what the run wrote."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Table,
    and_,
    case,
    literal,
    or_,
)

from petrec.features.runs.batches.items import numbered
from petrec.features.runs.batches.links import remove_links
from petrec.features.runs.batches.row_locks import locked_as_read, versioned
from petrec.features.runs.batches.shard import written_of_page
from petrec.features.runs.batches.work import GuardedRows, RunWork, from_json, in_journal
from petrec.features.runs.journal.keys import has_key
from petrec.features.runs.journal.store import undos_of
from petrec.features.runs.journal.tables import changes
from petrec.features.runs.run import Action, Run, Target
from petrec.schema import Schema


class UndoWork(RunWork):
    """The changes of one run, reversed: old values are written, new values are expected."""

    def __init__(self, schema: Schema) -> None:
        super().__init__(schema)
        # Also those that [mapping.where] excludes by now: what was written can be undone.
        self.recordings = schema.tables.recordings

    def prepare(self, connection: Connection, run: Run) -> None:
        """Look up which runs have undone a part already."""
        undos = undos_of(connection, run.undoes or 0)
        self.earlier_undos = [other for other in undos if other != run.id]

    def items(self, run: Run) -> tuple[Table, ColumnElement[bool]]:
        """Return the changes of the run that is undone."""
        return changes, changes.c.run_id == run.undoes

    def guarded_rows(self, run: Run) -> Select[Any]:
        """Compare each row with what the run wrote; a row that has changed since is skipped."""
        table, mine = self.items(run)
        recording = versioned(written_of_page(self.schema, self.recordings))
        decided = [recording.c[name] for name in run.target.decided]
        rows = GuardedRows(
            seq=table.c.seq,
            row_key=table.c.row_key,
            strategy=literal(Action.UNDO),
            applies=and_(*map(is_as_written, decided)),
            reason=reason_left(recording.c.pet_id, run.target),
            old={name: recording.c[name] for name in self.journaled(run)},
            new={name: _restored(recording.c[name]) for name in run.target.columns},
        )
        same = has_key(self.schema, recording.c, table.c.row_key)
        query = rows.select_from(table.join(recording, same), numbered(table, mine))
        return locked_as_read(self.schema, query, recording.c, table.c.row_key)

    def after_write(self, connection: Connection, run: Run, ready: Sequence[int]) -> None:
        """Remove the pets that the run had added to appointments."""
        if run.target.links:
            remove_links(connection, self.schema, run, ready, [run.id, *self.earlier_undos])


def is_as_written(column: ColumnElement[Any]) -> ColumnElement[bool]:
    """Return whether a recording still holds the values that the run journaled."""
    written = in_journal(column).is_not_distinct_from(in_journal(from_json(changes.c.new, column)))
    return or_(~changes.c.new.has_key(column.key), written)


def reason_left(pet: ColumnElement[Any], written: Target) -> ColumnElement[str]:
    """Return why a recording is skipped that does not hold what the run wrote."""
    others = set(written.also) - {"appointment_id"}
    return case(
        (is_as_written(pet), f"its {'upload' if others else 'appointment'} has changed since"),
        (pet.is_(None), "its pet has been removed since"),
        else_="its pet has changed since",
    )


def _restored(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return the old value; a timestamp that the application has changed since stays."""
    journaled = and_(changes.c.old.has_key(column.key), is_as_written(column))
    return case((journaled, from_json(changes.c.old, column)), else_=column)
