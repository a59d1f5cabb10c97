"""A recording's primary key in the journal, even if petrec has changed it since.

A review may move a recording to another appointment. If the primary key contains the appointment,
as in a table partitioned by it, the move changes the key.
"""

from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Subquery,
    Table,
    Text,
    and_,
    cast,
    exists,
    func,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, array
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from petrec.features.runs.journal.store import runs_of
from petrec.features.runs.journal.tables import changes
from petrec.features.runs.run import Run
from petrec.schema import Schema

Columns = ReadOnlyColumnCollection[str, Any]


def key_of(schema: Schema, recording: Columns) -> ColumnElement[Any]:
    """Return a recording's primary key as the journal's text array."""
    return cast(array([cast(recording[name], Text) for name in schema.key]), ARRAY(Text))


def has_key(schema: Schema, recording: Columns, row_key: ColumnElement[Any]) -> ColumnElement[bool]:
    """Compare a recording's primary key with a journal's text array, in the recording's types."""
    parts = ((recording[name], place) for place, name in enumerate(schema.key, start=1))
    return and_(*(column == cast(row_key[place], column.type) for column, place in parts))


def has_last_key(
    schema: Schema, recording: Columns, row_key: ColumnElement[Any], last: Subquery
) -> ColumnElement[bool]:
    """Compare a primary key with the last key of a journal's key, or with that key."""
    parts = ((recording[name], place) for place, name in enumerate(schema.key, start=1))
    return and_(
        *(
            column == cast(func.coalesce(last.c.row_key[place], row_key[place]), column.type)
            for column, place in parts
        )
    )


def follow_moves(connection: Connection, items: Table, run: Run) -> None:
    """Update the keys of a run's items after changes by later runs."""
    last = last_keys(run)
    same = (items.c.run_id == run.id, items.c.row_key == last.c.old_key)
    connection.execute(update(items).where(*same).values(row_key=last.c.row_key))


def last_keys(run: Run) -> Subquery:
    """Select each key that later runs have changed, with its current value."""
    move = changes.alias("move")
    moved = (move.c.old_key.is_not(None), move.c.run_id.in_(runs_of(run.target_name)))
    first = select(move.c.old_key, move.c.row_key, move.c.run_id).where(*moved)
    chain = first.where(move.c.run_id > run.id).cte("chain", recursive=True)
    again = (move.c.old_key == chain.c.row_key, move.c.run_id > chain.c.run_id)
    then = select(chain.c.old_key, move.c.row_key, move.c.run_id).where(*moved, *again)
    chain = chain.union_all(then)
    later = chain.alias("later")
    again = (later.c.old_key == chain.c.old_key, later.c.run_id > chain.c.run_id)
    newest = ~exists().where(*again).correlate(chain)
    return select(chain.c.old_key, chain.c.row_key).where(newest).subquery("last")
