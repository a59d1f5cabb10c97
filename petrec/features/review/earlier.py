"""Decisions of earlier imports: what was recorded before, and what was decided differently."""

from collections.abc import Sequence

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, Text, and_, any_, bindparam, exists, select
from sqlalchemy.dialects.postgresql import ARRAY

from petrec.features.runs.journal.presence import is_readable
from petrec.features.runs.journal.store import runs_of
from petrec.features.runs.journal.tables import changes, decisions, runs


class EarlierDecision(Struct, frozen=True):
    """A recorded decision; `written`: it has changed the recording and was not undone.

    `withdrawn` is whether its run was undone, also if it has changed nothing.
    """

    run_id: int
    key: tuple[str, ...]
    state: str
    verdict: str
    pet_id: str | None
    appointment_id: str | None
    reviewer: str
    written: bool
    withdrawn: bool = False
    note: str = ""
    source: str = ""


def has_decisions(connection: Connection) -> bool:
    """Return whether there is a table of decisions that this role may read."""
    return is_readable(connection, decisions, runs, changes)


def earlier_decisions(
    connection: Connection, target_name: str, ids: Sequence[str]
) -> list[EarlierDecision]:
    """Return what was decided about some of a target's recordings, the oldest first."""
    if not has_decisions(connection):
        return []
    wanted = bindparam("ids", type_=ARRAY(Text))
    query = select(
        decisions.c.run_id, decisions.c.row_key, decisions.c.state, decisions.c.verdict,
        decisions.c.pet_id, decisions.c.appointment_id, decisions.c.reviewer,
        and_(was_written(), ~was_undone()), was_withdrawn(),
        decisions.c.note, decisions.c.source,
    ).where(decisions.c.row_key[1] == any_(wanted)).order_by(decisions.c.run_id)  # fmt: skip
    query = query.where(decisions.c.run_id.in_(runs_of(target_name)))
    rows = connection.execute(query, {"ids": list(ids)})
    return [EarlierDecision(row[0], tuple(row[1]), *row[2:]) for row in rows]


def was_written() -> ColumnElement[bool]:
    """Return whether a decision's own run has changed the recording."""
    return _changed(changes.c.run_id == decisions.c.run_id)


def was_undone() -> ColumnElement[bool]:
    """Return whether an undo of a decision's run has changed the recording back."""
    undos = select(runs.c.id).where(_undoes()).correlate(decisions)
    return _changed(changes.c.run_id.in_(undos))


def was_withdrawn() -> ColumnElement[bool]:
    """Return whether a decision's run was undone, whatever that has changed."""
    return exists().where(_undoes()).correlate(decisions)


def _undoes() -> ColumnElement[bool]:
    return runs.c.undoes == decisions.c.run_id


def _changed(of_run: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(of_run, changes.c.seq == decisions.c.seq).correlate(decisions)
