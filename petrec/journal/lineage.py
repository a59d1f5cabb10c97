"""Where a recording's pet came from: every change that petrec made, in one query."""

from typing import Any

from sqlalchemy import Connection, Select, and_, select

from petrec.journal.tables import changes, runs, skips
from petrec.results.backfill import MovedOn
from petrec.results.lineage import Change, Lineage


def lineage_query(run_id: int | None, recording: str | None) -> Select[Any]:
    """Select changes with their run, of a run or of a recording, oldest first."""
    conditions = []
    if run_id is not None:
        conditions.append(changes.c.run_id == run_id)
    if recording is not None:
        conditions.append(changes.c.row_key[1] == recording)
    return (
        select(
            changes.c.row_key,
            changes.c.run_id,
            runs.c.action,
            runs.c.undoes,
            changes.c.strategy,
            changes.c.old,
            changes.c.new,
            changes.c.changed_at,
            runs.c.role,
        )
        .join(runs, runs.c.id == changes.c.run_id)
        .where(and_(True, *conditions))
        .order_by(changes.c.run_id, changes.c.seq)
    )


def read_lineage(
    connection: Connection, run_id: int | None, recording: str | None, limit: int | None
) -> Lineage:
    """Return the changes of a run or of a recording."""
    query = lineage_query(run_id, recording).limit(limit)
    return Lineage(tuple(_change(row) for row in connection.execute(query)))


def read_skips(connection: Connection, run_id: int) -> tuple[MovedOn, ...]:
    """Return the rows that a run left alone, with the reason."""
    query = select(skips.c.row_key, skips.c.reason).where(skips.c.run_id == run_id)
    rows = connection.execute(query.order_by(skips.c.seq))
    return tuple(MovedOn(row.row_key[0], row.reason) for row in rows)


def _change(row: Any) -> Change:
    return Change(
        recording_id=row.row_key[0],
        run=row.run_id,
        action=f"undo of {row.undoes}" if row.undoes else row.action,
        strategy=row.strategy,
        old=row.old,
        new=row.new,
        changed_at=row.changed_at,
        role=row.role,
    )
