"""What a run works through: its items, the locks they need, and the guard of each write."""

from collections.abc import Sequence
from typing import Any, Protocol

import msgspec
from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Select,
    Table,
    and_,
    exists,
    func,
    insert,
    literal,
    select,
)

from petrec.features.runs.numbers import numbered, numbers_of
from petrec.features.runs.place import PLACE, VERSION, is_at, system_columns
from petrec.features.runs.run import Cause, Run
from petrec.features.runs.tables import changes, skips
from petrec.features.runs.write import Columns, has_key
from petrec.schema import Schema

_GONE = "the recording was deleted"


class Work(Protocol):
    """One kind of run; what the runs in `settled_by` have changed needs no second visit.

    `recordings` are those that it may write to: what is not among them is settled as gone.
    `watched` is whether triggers may change what it writes.
    """

    schema: Schema
    recordings: FromClause
    settled_by: Sequence[int]
    watched: bool

    def items(self, run: Run) -> tuple[Table, ColumnElement[bool]]:
        """Return the journal's table of items and the condition that selects this run's."""

    def lock(self, connection: Connection, run: Run, page: Sequence[int]) -> list[int]:
        """Lock what the guard relies on; returns the items for which no other session holds it."""

    def guarded(self, run: Run) -> Select[Any]:
        """Select the items of `numbers` for `write_query`, and lock recordings not locked before.

        Items whose recording another session holds are left out.
        """

    def settle(self, connection: Connection, run: Run, ready: Sequence[int]) -> None:
        """Do what the batch's changes leave to do, before they are committed."""


def next_page(connection: Connection, run: Run, work: Work, size: int) -> list[int]:
    """Return the next items' numbers, without those that are settled already."""
    table, mine = work.items(run)
    query = select(table.c.seq).where(mine, table.c.seq > run.cursor)
    again = run.pass_ > 1
    for settled, run_ids in (
        (changes, [*work.settled_by, *([run.id] if again else [])]),
        (skips, [run.id] if again else []),
    ):
        for run_id in run_ids:
            query = query.where(~_is_settled(table, settled.alias(), run_id, run.cursor))
    return list(connection.scalars(query.order_by(table.c.seq).limit(size)))


def spread(connection: Connection, run: Run, work: Work, parts: int = 8) -> list[int]:
    """Return some of the items left, evenly spread."""
    table, mine = work.items(run)
    last = connection.scalar(select(func.max(table.c.seq)).where(mine)) or 0
    width = max(1, (last - run.cursor) // parts)
    found: dict[int, None] = {}
    for start in range(run.cursor, last, width):
        page = next_page(connection, msgspec.structs.replace(run, cursor=start), work, 1)
        found.update(dict.fromkeys(page))
    return list(found)


def _is_settled(items: Table, settled: FromClause, run_id: int, cursor: int) -> ColumnElement[bool]:
    """Look only beyond the cursor: a merge join would else read the settled ones from the start."""
    ahead = and_(settled.c.run_id == run_id, settled.c.seq > cursor)
    return exists().where(ahead, settled.c.seq == items.c.seq).correlate(items)


def locked_as_read(
    schema: Schema, query: Select[Any], recording: Columns, row_key: ColumnElement[Any]
) -> Select[Any]:
    """Lock the recordings of a selection in the `VERSION` that it reads, and add their place.

    One that was written since the statement began, or that others hold, drops out for this pass.
    """
    held = schema.tables.recordings.alias("held")
    same = and_(is_at(held, recording, VERSION), has_key(schema, held.c, row_key))
    query = query.add_columns(*system_columns(held, PLACE)).join(held, same)
    return query.with_for_update(of=held, skip_locked=True, key_share=True)


def skip_gone(connection: Connection, run: Run, work: Work, page: Sequence[int]) -> int:
    """Settle those of the items whose recording no longer exists; returns their number."""
    table, mine = work.items(run)
    there = (
        exists().where(has_key(work.schema, work.recordings.c, table.c.row_key)).correlate(table)
    )
    rows = select(literal(run.id), table.c.seq, table.c.row_key, literal(_GONE))
    # The key of a row that this run has changed may be another now.
    written = changes.alias("written")
    ours = exists().where(written.c.run_id == run.id, written.c.seq == table.c.seq)
    rows = rows.where(numbered(table, mine), ~there, ~ours.correlate(table))
    query = insert(skips).from_select(["run_id", "seq", "row_key", "reason"], rows)
    query = query.execution_options(preserve_rowcount=True)
    return connection.execute(query, numbers_of(page)).rowcount


def skip_refused(
    connection: Connection, run: Run, work: Work, page: Sequence[int], reason: str
) -> None:
    """Settle items that the database has refused."""
    table, mine = work.items(run)
    values = (table.c.seq, table.c.row_key, literal(Cause.REFUSED), literal(reason))
    rows = select(literal(run.id), *values).where(numbered(table, mine))
    query = insert(skips).from_select(["run_id", "seq", "row_key", "cause", "reason"], rows)
    connection.execute(query, numbers_of(page))
