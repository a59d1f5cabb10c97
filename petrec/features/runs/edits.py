"""Edits as work for the journal: a row is written if it still holds what its edit expects."""

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct
from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Table,
    and_,
    case,
    func,
    insert,
    literal,
    or_,
)

from petrec.documents.spool import chunks
from petrec.features.runs.batches.items import numbered
from petrec.features.runs.batches.row_locks import locked_as_read, versioned
from petrec.features.runs.batches.shard import written_of_page
from petrec.features.runs.batches.work import GuardedRows, RunWork, from_json, in_journal
from petrec.features.runs.journal.keys import has_key
from petrec.features.runs.journal.store import create_run, read_run, update_run
from petrec.features.runs.journal.tables import edits
from petrec.features.runs.run import Action, Run, Target

# What an edit may expect besides the columns that its run writes.
EXPECTED = ("status", "s3_key", "updated_at")
_CHANGED = "the recording has changed since it was looked at"
_ROWS_AT_ONCE = 1_000


class Edit(Struct, frozen=True):
    """Values to write to the recording of a key if it holds those expected; all as text."""

    key: tuple[str, ...]
    reason: str
    expected: Mapping[str, str | None]
    wanted: Mapping[str, str | None]
    author: str | None = None


def record_edits(
    connection: Connection, action: Action, target: Target, planned: Iterable[Edit]
) -> Run:
    """Record a run with its edits, for batches to follow."""
    run_id = create_run(connection, action, target)
    count = 0
    for some in chunks(enumerate(planned, start=1), _ROWS_AT_ONCE):
        connection.execute(insert(edits), [_row(run_id, seq, edit) for seq, edit in some])
        count += len(some)
    update_run(connection, run_id, {"planned": count})
    return read_run(connection, target.name, run_id)


def _row(run_id: int, seq: int, edit: Edit) -> dict[str, Any]:
    return {
        "run_id": run_id, "seq": seq, "row_key": list(edit.key), "reason": edit.reason,
        "expected": dict(edit.expected), "wanted": dict(edit.wanted), "author": edit.author,
    }  # fmt: skip


class EditWork(RunWork):
    """The edits of one run; nothing but the recordings themselves is relied on."""

    def items(self, run: Run) -> tuple[Table, ColumnElement[bool]]:
        """Return the run's edits."""
        return edits, edits.c.run_id == run.id

    def guarded_rows(self, run: Run) -> Select[Any]:
        """Compare each row with what its edit expects; one that has changed is skipped."""
        recording = versioned(written_of_page(self.schema, self.recordings))
        decided = {name: _wanted(recording.c[name]) for name in run.target.decided}
        names = dict.fromkeys((*run.target.decided, *EXPECTED))
        rows = GuardedRows(
            seq=edits.c.seq,
            row_key=edits.c.row_key,
            strategy=edits.c.reason,
            applies=and_(*(_is_expected(recording.c[n]) for n in names if n in recording.c)),
            reason=literal(_CHANGED),
            old={name: recording.c[name] for name in self.journaled(run)},
            new=decided | {name: func.now() for name in run.target.touch},
        )
        same = has_key(self.schema, recording.c, edits.c.row_key)
        query = rows.select_from(edits.join(recording, same), numbered(*self.items(run)))
        return locked_as_read(self.schema, query, recording.c, edits.c.row_key)


def _is_expected(column: ColumnElement[Any]) -> ColumnElement[bool]:
    expected = in_journal(from_json(edits.c.expected, column))
    same = in_journal(column).is_not_distinct_from(expected)
    return or_(~edits.c.expected.has_key(column.key), same)


def _wanted(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return the value to write; a column that the edit does not name keeps its own."""
    named = edits.c.wanted.has_key(column.key)
    return case((named, from_json(edits.c.wanted, column)), else_=column)
