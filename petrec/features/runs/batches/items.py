"""A run's items: the next ones by number, and the skipped ones."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    FromClause,
    Select,
    Table,
    Text,
    and_,
    any_,
    bindparam,
    cast,
    exists,
    func,
    insert,
    literal,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY

from petrec.features.runs.batches.shard import of_one_shard, place_of, shard_of
from petrec.features.runs.batches.work import RunWork
from petrec.features.runs.journal.keys import has_key
from petrec.features.runs.journal.tables import changes, skips
from petrec.features.runs.run import Run, SkipCause

GONE = "the recording was deleted"


def numbered(table: FromClause, mine: ColumnElement[bool]) -> ColumnElement[bool]:
    """Select items by number; see `numbers_of` for the parameter.

    The array is sent as text: otherwise the driver would adapt thousands of integers for every
    statement.
    """
    numbers = cast(bindparam("numbers", type_=Text), ARRAY(BigInteger))
    return and_(mine, table.c.seq == any_(numbers))


def numbers_of(page: Sequence[int]) -> dict[str, str]:
    """Return the parameter of `numbered`."""
    return {"numbers": f"{{{','.join(map(str, page))}}}"}


def next_page(connection: Connection, run: Run, work: RunWork, size: int) -> list[int]:
    """Return the next items' numbers, without those already settled.

    They lie in one shard, where recordings are in shards.
    """
    query = page_query(run, work, size)
    if not work.schema.layout.is_sharded:
        return list(connection.scalars(query))
    table, _ = work.items(run)
    place = place_of(work.schema, table.c.row_key)
    query = query.add_columns(shard_of(work.schema, place).label("shard"))
    return of_one_shard((row.seq, row.shard) for row in connection.execute(query))


def page_query(run: Run, work: RunWork, size: int) -> Select[tuple[int]]:
    """Select the next items' numbers; see `next_page`."""
    table, mine = work.items(run)
    query = select(table.c.seq).where(mine, table.c.seq > run.cursor)
    again = [run.id] if run.pass_number > 1 else []
    for settled, run_ids in ((changes, [*work.earlier_undos, *again]), (skips, again)):
        for run_id in run_ids:
            query = query.where(~_is_settled(table, settled.alias(), run_id, run.cursor))
    return query.order_by(table.c.seq).limit(size)


def spread(connection: Connection, run: Run, work: RunWork, parts: int = 8) -> list[int]:
    """Return some of the remaining items, evenly spread."""
    table, mine = work.items(run)
    last = connection.scalar(select(func.max(table.c.seq)).where(mine)) or 0
    width = max(1, (last - run.cursor) // parts)
    found: dict[int, None] = {}
    for start in range(run.cursor, last, width):
        page = next_page(connection, msgspec.structs.replace(run, cursor=start), work, 1)
        found.update(dict.fromkeys(page))
    return list(found)


def _is_settled(items: Table, settled: FromClause, run_id: int, cursor: int) -> ColumnElement[bool]:
    """Look only beyond the cursor: otherwise a merge join reads all items from the start."""
    ahead = and_(settled.c.run_id == run_id, settled.c.seq > cursor)
    return exists().where(ahead, settled.c.seq == items.c.seq).correlate(items)


def skip_gone(connection: Connection, run: Run, work: RunWork, page: Sequence[int]) -> int:
    """Settle the items whose recording no longer exists; returns their number."""
    table, mine = work.items(run)
    there = (
        exists().where(has_key(work.schema, work.recordings.c, table.c.row_key)).correlate(table)
    )
    rows = select(literal(run.id), table.c.seq, table.c.row_key, literal(GONE))
    # The key of a row may have changed, by this run itself.
    written = changes.alias("written")
    ours = exists().where(written.c.run_id == run.id, written.c.seq == table.c.seq)
    rows = rows.where(numbered(table, mine), ~there, ~ours.correlate(table))
    query = insert(skips).from_select(["run_id", "seq", "row_key", "reason"], rows)
    query = query.execution_options(preserve_rowcount=True)
    return connection.execute(query, numbers_of(page)).rowcount


def skip_refused(
    connection: Connection, run: Run, work: RunWork, page: Sequence[int], reason: str
) -> None:
    """Settle items that the database has refused."""
    table, mine = work.items(run)
    values = (table.c.seq, table.c.row_key, literal(SkipCause.REFUSED), literal(reason))
    rows = select(literal(run.id), *values).where(numbered(table, mine))
    query = insert(skips).from_select(["run_id", "seq", "row_key", "cause", "reason"], rows)
    connection.execute(query, numbers_of(page))
