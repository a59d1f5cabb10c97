"""Recordings whose key petrec has changed: later runs find them by the key they have now.

A review may move a recording to another appointment. Where the primary key holds the appointment,
as the key of a table that is partitioned by it must, the move changes the key.
"""

from sqlalchemy import Connection, Subquery, Table, exists, select, update

from petrec.features.runs.run import Run
from petrec.features.runs.states import runs_of
from petrec.features.runs.tables import changes


def follow_moves(connection: Connection, items: Table, run: Run) -> None:
    """Bring the keys of a run's items up to date with what later runs have changed."""
    last = _last_keys(run)
    same = (items.c.run_id == run.id, items.c.row_key == last.c.old_key)
    connection.execute(update(items).where(*same).values(row_key=last.c.row_key))


def _last_keys(run: Run) -> Subquery:
    """Select each key that runs after this one have changed, and what has become of it."""
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
