"""The history of a recording's pet: every change that petrec made, in one query."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Text, cast, func, null, select

from petrec.features.runs.change import Change, Lineage
from petrec.features.runs.journal.presence import is_readable
from petrec.features.runs.journal.tables import changes, decisions, edits, runs, skips
from petrec.features.runs.result import MovedOn
from petrec.features.runs.run import SkipCause
from petrec.features.runs.targets import name_in_journal


def lineage_query(
    target_name: str, run_id: int | None, recording: str | None, *, with_authors: bool
) -> Select[Any]:
    """Select changes with their run, of a run or of a recording, oldest first.

    `with_authors` reads who decided them, from tables that older journals do not have.
    """
    author = _author() if with_authors else null()
    conditions = [name_in_journal() == target_name]
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
            cast(author, Text).label("author"),
        )
        .join(runs, runs.c.id == changes.c.run_id)
        .where(*conditions)
        .order_by(changes.c.run_id, changes.c.seq)
    )


def _author() -> ColumnElement[Any]:
    """Return who decided a change: in a correction, or in a review."""
    by = ((edits, edits.c.author), (decisions, decisions.c.reviewer))
    found = [
        select(name)
        .where(table.c.run_id == changes.c.run_id, table.c.seq == changes.c.seq)
        .scalar_subquery()
        for table, name in by
    ]
    return func.coalesce(*found)


def read_lineage(
    connection: Connection,
    target_name: str,
    run_id: int | None,
    recording: str | None,
    limit: int | None,
) -> Lineage:
    """Return the changes of a target's run or recording, and what the run did not write."""
    authors = is_readable(connection, edits, decisions)
    query = lineage_query(target_name, run_id, recording, with_authors=authors).limit(limit)
    skipped = () if run_id is None else read_skips(connection, run_id, recording, limit)
    return Lineage(tuple(_change(row) for row in connection.execute(query)), skipped)


def read_skips(
    connection: Connection, run_id: int, recording: str | None = None, limit: int | None = None
) -> tuple[MovedOn, ...]:
    """Return the rows that a run skipped, with the reason."""
    conditions = [skips.c.run_id == run_id]
    if recording is not None:
        conditions.append(skips.c.row_key[1] == recording)
    return _skips(connection, *conditions, limit=limit)


def read_unwritten(connection: Connection, run_id: int, limit: int) -> tuple[MovedOn, ...]:
    """Return rows that the database refused or a trigger changed, at most `limit`."""
    return _skips(connection, skips.c.run_id == run_id, skips.c.cause != SkipCause.OVERTAKEN,
                  limit=limit)  # fmt: skip


def count_causes(connection: Connection, run_id: int) -> dict[str, int]:
    """Return how many rows a run did not write as planned, by cause."""
    query = select(skips.c.cause, func.count()).where(skips.c.run_id == run_id)
    return {row[0]: row[1] for row in connection.execute(query.group_by(skips.c.cause))}


def _skips(
    connection: Connection, *conditions: ColumnElement[bool], limit: int | None = None
) -> tuple[MovedOn, ...]:
    query = select(skips.c.row_key, skips.c.reason, skips.c.cause).where(*conditions)
    rows = connection.execute(query.order_by(skips.c.seq).limit(limit))
    return tuple(MovedOn(row.row_key[0], row.reason, SkipCause(row.cause)) for row in rows)


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
        author=row.author,
    )
