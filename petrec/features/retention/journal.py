"""What petrec keeps of recordings that are deleted: rows of its journal, and waiting events."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Select,
    Text,
    bindparam,
    cast,
    delete,
    exists,
    false,
    func,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from petrec.features.outbox.table import outbox
from petrec.features.retention.table import has_outbox
from petrec.features.runs.journal.presence import is_readable
from petrec.features.runs.journal.store import runs_of, undos_of
from petrec.features.runs.journal.tables import (
    changes,
    decisions,
    edits,
    link_changes,
    plan_items,
    runs,
    skips,
)
from petrec.features.runs.run import UNFINISHED, Action
from petrec.features.runs.targets import name_in_journal, target_name
from petrec.schema import Schema, base_type

# In the order of deletion: what says which rows of a run are left comes last.
_JOURNALED = (plan_items, decisions, edits, skips, changes)
_GIVEN = cast(bindparam("ids", type_=ARRAY(Text)), ARRAY(Text))
_PLANNED = {
    Action.BACKFILL: plan_items,
    Action.REVIEW: decisions,
    Action.SWEEP: edits,
    Action.UNDO: changes,
}
# The verdicts of a review that write.
_WRITING = ("assign", "link")


def erase_journal(connection: Connection, schema: Schema, ids: Sequence[str]) -> int:
    """Delete what petrec keeps of recordings that are deleted; returns the number of rows."""
    if not ids:
        return 0
    target, values = target_name(schema), {"ids": list(ids)}
    mine, left, count = runs_of(target), _left_to_do(connection, target, values), 0
    for table in (changes, decisions):
        pairs = select(table.c.run_id, table.c.seq).where(
            table.c.run_id.in_(mine), table.c.row_key[1] == _GIVEN.any_()
        )
        linked = tuple_(link_changes.c.run_id, link_changes.c.seq).in_(pairs)
        count += connection.execute(delete(link_changes).where(linked), values).rowcount
    for table in _JOURNALED:
        query = delete(table).where(table.c.run_id.in_(mine), table.c.row_key[1] == _GIVEN.any_())
        count += connection.execute(query, values).rowcount
    if has_outbox(connection):
        recording = cast(outbox.c.body, JSONB)["data"]["recording_id"].astext
        query = delete(outbox).where(recording == _GIVEN.any_(), _is_mine(connection, schema))
        either = {"ids": [*ids, *(f"rec-{one}" for one in ids)]}
        count += connection.execute(query, either).rowcount
    # Runs are updated last: every batch locks its run's row, which must not be locked meanwhile.
    for run, gone in left:
        fewer = {"planned": runs.c.planned - gone}
        connection.execute(update(runs).where(runs.c.id == run).values(fewer))
    return count


def count_journal(connection: Connection, schema: Schema, ids: Select[Any]) -> int:
    """Return how many rows of the journal are about recordings."""
    mine = runs_of(target_name(schema))
    known = [table for table in _JOURNALED if is_readable(connection, table)]
    counts = [
        select(func.count().label("n")).where(
            table.c.run_id.in_(mine), table.c.row_key[1].in_(ids.scalar_subquery())
        )
        for table in known
    ]
    return sum(connection.scalar(count) or 0 for count in counts)


def keeps_events(connection: Connection, schema: Schema) -> bool:
    """Return whether events stay that name no target, and may be of another one."""
    if not has_outbox(connection) or not _is_ambiguous(connection, schema):
        return False
    return bool(connection.scalar(select(exists().where(_target().is_(None)))))


def _target() -> ColumnElement[str | None]:
    """Return the target of an event: NULL also where the outbox of an older version has none."""
    row = func.to_jsonb(outbox.table_valued(), type_=JSONB)
    target: ColumnElement[str | None] = row["target"].astext
    return target


def _is_mine(connection: Connection, schema: Schema) -> ColumnElement[bool]:
    unnamed = false() if _is_ambiguous(connection, schema) else _target().is_(None)
    return or_(_target() == target_name(schema), unnamed)


def _is_ambiguous(connection: Connection, schema: Schema) -> bool:
    """Return whether recordings of another table may have the same ids."""
    if base_type(schema.tables.recordings.c.id) == "uuid" or not is_readable(connection, runs):
        return False
    others = select(runs.c.id).where(name_in_journal() != target_name(schema))
    return bool(connection.scalar(select(others.exists())))


def _left_to_do(
    connection: Connection, target: str, values: Mapping[str, Any]
) -> list[tuple[int, int]]:
    """Return how many of the rows unfinished runs would still have written, by run."""
    unfinished = (name_in_journal() == target, runs.c.state.in_(UNFINISHED))
    query = select(runs.c.id, runs.c.action, runs.c.undoes).where(*unfinished)
    found = []
    for run in connection.execute(query.order_by(runs.c.id)).all():
        items = _PLANNED.get(run.action)
        if items is None:
            continue
        by = [run.id] if run.undoes is None else undos_of(connection, run.undoes)
        left = select(func.count()).where(
            items.c.run_id == (run.undoes or run.id),
            items.c.row_key[1] == _GIVEN.any_(),
            ~_has(changes.alias("done"), by, items.c.seq),
            ~_has(skips.alias("left_alone"), [run.id], items.c.seq),
        )
        if run.action == Action.REVIEW:
            left = left.where(decisions.c.verdict.in_(_WRITING))
        if gone := connection.scalar(left, values):
            found.append((run.id, gone))
    return found


def _has(table: FromClause, by: Sequence[int], seq: ColumnElement[int]) -> ColumnElement[bool]:
    return exists().where(table.c.run_id.in_(by), table.c.seq == seq)
