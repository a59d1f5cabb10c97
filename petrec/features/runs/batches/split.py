"""The write of a batch in short statements, for recordings on other nodes than the journal.

The rows are locked and judged by one statement, written by the next, and journaled by the last.
All are one transaction: see `petrec.features.runs.journal.together`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from json import dumps
from typing import Any, Union

from sqlalchemy import (
    Connection,
    Row,
    Select,
    Table,
    Text,
    cast,
    func,
    insert,
    literal,
    select,
    update,
)
from sqlalchemy.sql.dml import ReturningUpdate

from petrec.features.runs.batches.carried import as_rows, ask, ask_judged, carried, rows_of
from petrec.features.runs.batches.items import GONE, numbered, numbers_of
from petrec.features.runs.batches.shard import as_array, in_places, place_in, written_of_page
from petrec.features.runs.batches.work import Locked, RunWork, in_journal, new_value, old_value
from petrec.features.runs.batches.write import BatchWrite, Written
from petrec.features.runs.journal.keys import has_key, key_of
from petrec.features.runs.journal.tables import changes, skips
from petrec.features.runs.run import Run, SkipCause
from petrec.schema import written_as

Write = Union[BatchWrite, "SplitWrite"]
_SUPPRESSED = "the recording was not written"


@dataclass(frozen=True)
class SplitWrite:
    """The statements of a run's batches."""

    work: RunWork
    judged: Select[Any]
    change: ReturningUpdate[Any]

    @classmethod
    def of(cls, work: RunWork, run: Run) -> "SplitWrite":
        """Build the statements, once for a run."""
        return cls(work, carried(work, run, _judged(work, run)), _change(work, run))

    def write(self, connection: Connection, run: Run, locked: Locked) -> Written:
        """Write the rows whose guard holds, and note the reason for the others."""
        found = ask_judged(connection, self.work, run, self.judged, locked.ready).all()
        keys = self._change(connection, [row for row in found if row.applies])
        _record(
            connection, changes, [_changed(run, r, keys[r.seq]) for r in found if r.seq in keys]
        )
        left = [_skipped(run, row) for row in found if row.seq not in keys]
        _record(connection, skips, left)
        return Written(len(keys), len(left))

    def skip_gone(self, connection: Connection, run: Run, page: Sequence[int]) -> int:
        """Settle the items whose recording no longer exists; returns their number."""
        table, mine = self.work.items(run)
        items = select(table.c.seq, table.c.row_key).where(numbered(table, mine))
        recordings = written_of_page(self.work.schema, self.work.recordings)
        same = has_key(self.work.schema, recordings.c, table.c.row_key)
        there = items.join_from(table, recordings, same)
        found = {row.seq for row in ask(connection, self.work, run, there, page)}
        written = select(changes.c.seq).where(numbered(changes, changes.c.run_id == run.id))
        found.update(connection.scalars(written, numbers_of(page)))
        left = [row for row in connection.execute(items, numbers_of(page)) if row.seq not in found]
        _record(connection, skips, [_gone(run, row) for row in left])
        return len(left)

    def _change(self, connection: Connection, rows: Sequence[Row[Any]]) -> dict[int, list[str]]:
        """Write the new values; returns the keys of the recordings, by number."""
        if not rows:
            return {}
        given = as_rows(
            {"seq": str(r.seq), "row_key": dumps(r.row_key), "new": r.new} for r in rows
        )
        parameters = {"rows": given} | self._places(rows)
        return {row.seq: row.row_key for row in connection.execute(self.change, parameters)}

    def _places(self, rows: Sequence[Row[Any]]) -> dict[str, str]:
        if not self.work.schema.layout.is_sharded:
            return {}
        return {"places": as_array(place_in(self.work.schema, row.row_key) for row in rows)}


def _judged(work: RunWork, run: Run) -> Select[Any]:
    """Select the items with what they are, and the values before and after as JSON text."""
    fresh = work.guarded_rows(run).subquery("fresh")
    names = [c.key for c in work.recordings.c if old_value(c.key) in fresh.c]
    old = [part for name in names for part in (literal(name), in_journal(fresh.c[old_value(name)]))]
    names = list(run.target.columns)
    new = [part for name in names for part in (literal(name), in_journal(fresh.c[new_value(name)]))]
    values = {"old": func.jsonb_build_object(*old), "new": func.jsonb_build_object(*new)}
    columns = (fresh.c.seq, fresh.c.row_key, fresh.c.strategy, fresh.c.applies, fresh.c.reason)
    return select(*columns, *(cast(value, Text).label(name) for name, value in values.items()))


def _change(work: RunWork, run: Run) -> ReturningUpdate[Any]:
    schema = work.schema
    recordings, given = written_as(schema.tables.recordings, "written"), rows_of(changes)
    values = {
        recordings.c[name]: cast(given.c.new.op("->>")(name), recordings.c[name].type)
        for name in run.target.columns
    }
    query = update(recordings).values(values)
    query = query.where(has_key(schema, recordings.c, given.c.row_key))
    query = query.where(in_places(schema, recordings.c.appointment_id))
    return query.returning(given.c.seq, key_of(schema, recordings.c).label("row_key"))


def _changed(run: Run, row: Row[Any], key: list[str]) -> dict[str, str]:
    moved = {} if key == row.row_key else {"old_key": dumps(row.row_key)}
    values = {"batch": str(run.batches + 1), "old": row.old, "new": row.new}
    values |= {"strategy": dumps(row.strategy)}
    return values | moved | _item(run, row, key)


def _skipped(run: Run, row: Row[Any]) -> dict[str, str]:
    cause = SkipCause.REWRITTEN if row.applies else SkipCause.OVERTAKEN
    reason = _SUPPRESSED if row.applies else row.reason
    values = {"cause": dumps(cause), "reason": dumps(reason)}
    return values | _item(run, row, row.row_key)


def _item(run: Run, row: Any, key: list[str]) -> dict[str, str]:
    return {"run_id": str(run.id), "seq": str(row.seq), "row_key": dumps(key)}


def _gone(run: Run, row: Any) -> dict[str, str]:
    values = {"cause": dumps(SkipCause.OVERTAKEN), "reason": dumps(GONE)}
    return values | _item(run, row, row.row_key)


def _record(connection: Connection, table: Table, rows: Sequence[dict[str, str]]) -> None:
    """Write rows, whose values are JSON, to a table of the journal."""
    if rows:
        given, names = rows_of(table), list(dict.fromkeys(name for row in rows for name in row))
        query = insert(table).from_select(names, select(*(given.c[name] for name in names)))
        connection.execute(query, {"rows": as_rows(rows)})
