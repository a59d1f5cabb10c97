"""The only statement that changes recordings: UPDATE and journal in one, under a guard."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Connection,
    Integer,
    Select,
    and_,
    bindparam,
    case,
    func,
    insert,
    literal,
    select,
    update,
)

from petrec.features.runs.batches.items import numbers_of
from petrec.features.runs.batches.links import add_links, linked_values
from petrec.features.runs.batches.row_locks import is_there
from petrec.features.runs.batches.work import Locked, RunWork, in_journal, new_value, old_value
from petrec.features.runs.journal.keys import Columns, key_of
from petrec.features.runs.journal.tables import changes, skips
from petrec.features.runs.run import Run, SkipCause
from petrec.schema import Schema, written_as

_SUPPRESSED = "a trigger suppressed the change"
_REWRITTEN = "a trigger wrote another value"


@dataclass(frozen=True)
class Written:
    """How many rows of a batch were changed as planned, and how many were not."""

    changed: int
    skipped: int


@dataclass(frozen=True)
class BatchWrite:
    """The statements of a run, each built once, when a batch needs it."""

    work: RunWork
    run: Run

    @cached_property
    def query(self) -> Select[Any]:
        """Return the statement for any items."""
        return _write_query(self.work, self.run, self.work.guarded_rows(self.run))

    @cached_property
    def proven(self) -> Select[Any] | None:
        """Return the one for items whose appointments are locked, see `RunWork.proven_rows`."""
        rows = self.work.proven_rows(self.run)
        return None if rows is None else _write_query(self.work, self.run, rows)

    def write(self, connection: Connection, run: Run, locked: Locked) -> Written:
        """Change the rows whose guard holds, journal them, and note the reason for the others."""
        query = self.proven if locked.proven else None
        query = self.query if query is None else query
        parameters = numbers_of(locked.ready) | {"batch": run.batches + 1}
        return Written(*connection.execute(query, parameters).one())


def _write_query(work: RunWork, run: Run, guarded: Select[Any]) -> Select[Any]:
    """Build the statement; see `BatchWrite.write` for its parameters.

    `guarded` selects `GuardedRows` and where the locked recordings lie.
    """
    schema, watched = work.schema, work.watched
    fresh = guarded.cte("fresh")
    changed = _update(schema, run, fresh, watched=watched)
    journaled = _journal(run, changed)
    skipped = _skip(run, fresh, changed)
    query = select(
        select(func.count()).select_from(changed).where(changed.c.as_planned).scalar_subquery(),
        select(func.count()).select_from(skipped).scalar_subquery(),
    )
    ctes = [journaled, *(add_links(schema, run, changed) if "links" in fresh.c else ())]
    return query.add_cte(*ctes)


def _update(schema: Schema, run: Run, fresh: CTE, *, watched: bool) -> CTE:
    recordings, columns = written_as(schema.tables.recordings, "written"), run.target.columns
    links = linked_values(recordings.c, fresh.c) if "links" in fresh.c else ()
    journaled = [c.key for c in recordings.c if old_value(c.key) in fresh.c]
    now = {c: in_journal(recordings.c[c]) for c in journaled}
    old = [part for c in now for part in (literal(c), in_journal(fresh.c[old_value(c)]))]
    new = [part for c, value in now.items() for part in (literal(c), value)]
    planned = {c: in_journal(fresh.c[new_value(c)]) for c in run.target.decided}
    as_planned = and_(*(now[c].is_not_distinct_from(value) for c, value in planned.items()))
    return (
        update(recordings)
        .values({recordings.c[c]: fresh.c[new_value(c)] for c in columns})
        .where(is_there(schema, recordings, fresh.c), fresh.c.applies)
        .returning(
            fresh.c.seq,
            *_keys(schema, run, recordings.c, fresh, watched=watched),
            fresh.c.strategy,
            func.jsonb_build_object(*old).label("old"),
            func.jsonb_build_object(*new).label("new"),
            as_planned.label("as_planned"),
            *links,
        )
        .cte("changed")
    )


def _keys(
    schema: Schema, run: Run, written: Columns, fresh: CTE, *, watched: bool
) -> tuple[ColumnElement[Any], ...]:
    """Return the current key of a changed row, and the previous one if it may differ."""
    if set(run.target.columns).isdisjoint(schema.key) and not watched:
        return (fresh.c.row_key,)
    now = key_of(schema, written)
    before = case((now != fresh.c.row_key, fresh.c.row_key), else_=None)
    return (now.label("row_key"), before.label("old_key"))


def _journal(run: Run, changed: CTE) -> CTE:
    keys = [name for name in ("row_key", "old_key") if name in changed.c]
    columns = ["run_id", "batch", "seq", *keys, "strategy", "old", "new"]
    values = (changed.c[name] for name in columns[2:])
    rows = select(literal(run.id), bindparam("batch", type_=Integer), *values)
    return insert(changes).from_select(columns, rows).cte("journaled")


def _skip(run: Run, fresh: CTE, changed: CTE) -> CTE:
    # IN is hashed for every estimate of the planner; EXISTS may become a nested loop.
    written = fresh.c.seq.in_(select(changed.c.seq))
    overtaken = and_(~written, ~fresh.c.applies)
    reason = case((overtaken, fresh.c.reason), (written, _REWRITTEN), else_=_SUPPRESSED)
    cause = case((overtaken, SkipCause.OVERTAKEN), else_=SkipCause.REWRITTEN)
    rows = select(literal(run.id), fresh.c.seq, fresh.c.row_key, cause, reason)
    otherwise = fresh.c.seq.not_in(select(changed.c.seq).where(changed.c.as_planned))
    return (
        insert(skips)
        .from_select(["run_id", "seq", "row_key", "cause", "reason"], rows.where(otherwise))
        .returning(skips.c.seq)
        .cte("skipped")
    )
