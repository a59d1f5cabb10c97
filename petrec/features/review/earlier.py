"""Decisions of earlier imports: what is recorded already, and what was decided otherwise."""

from collections.abc import Sequence

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, Text, and_, any_, bindparam, exists, select, text
from sqlalchemy.dialects.postgresql import ARRAY

from petrec.features.runs.journal.store import runs_of
from petrec.features.runs.journal.tables import changes, decisions, runs

_READABLE = text(
    "SELECT coalesce(has_schema_privilege(to_regnamespace('petrec'), 'USAGE')"
    " AND has_table_privilege(to_regclass('petrec.decisions'), 'SELECT'), false)"
)


class Earlier(Struct, frozen=True):
    """A recorded decision; `written`: the recording was changed by it, and it was not undone."""

    run_id: int
    key: tuple[str, ...]
    state: str
    verdict: str
    pet_id: str | None
    appointment_id: str | None
    reviewer: str
    written: bool


def has_decisions(connection: Connection) -> bool:
    """Say whether there is a table of decisions that this role may read."""
    return bool(connection.scalar(_READABLE))


def earlier_decisions(
    connection: Connection, target_name: str, ids: Sequence[str]
) -> list[Earlier]:
    """Return what was decided about some of a target's recordings, the oldest first."""
    if not has_decisions(connection):
        return []
    undos = select(runs.c.id).where(runs.c.undoes == decisions.c.run_id).correlate(decisions)
    written = and_(_changed(changes.c.run_id == decisions.c.run_id),
                   ~_changed(changes.c.run_id.in_(undos)))  # fmt: skip
    wanted = bindparam(None, list(ids), ARRAY(Text))
    query = select(
        decisions.c.run_id, decisions.c.row_key, decisions.c.state, decisions.c.verdict,
        decisions.c.pet_id, decisions.c.appointment_id, decisions.c.reviewer, written,
    ).where(decisions.c.row_key[1] == any_(wanted)).order_by(decisions.c.run_id)  # fmt: skip
    query = query.where(decisions.c.run_id.in_(runs_of(target_name)))
    return [Earlier(row[0], tuple(row[1]), *row[2:]) for row in connection.execute(query)]


def _changed(of_run: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(of_run, changes.c.seq == decisions.c.seq).correlate(decisions)
