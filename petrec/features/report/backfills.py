"""Backfills that the journal knows, to be marked in a chart; none where it may not be read."""

from sqlalchemy import Connection, Date, cast, func, select

from petrec.features.report.result import BackfillMark
from petrec.features.runs.journal.presence import is_readable
from petrec.features.runs.journal.tables import runs
from petrec.features.runs.targets import name_in_journal, target_name
from petrec.schema import Schema

MOST = 12


def read_backfills(connection: Connection, schema: Schema) -> tuple[BackfillMark, ...]:
    """Return the last runs of this target that changed anything, the oldest first."""
    if not is_readable(connection, runs):
        return ()
    day = cast(func.coalesce(runs.c.finished_at, runs.c.updated_at), Date)
    query = (
        select(runs.c.id, day, runs.c.action, runs.c.changed)
        .where(name_in_journal() == target_name(schema), runs.c.changed > 0)
        .order_by(runs.c.id.desc())
        .limit(MOST)
    )
    return tuple(BackfillMark(*row) for row in reversed(connection.execute(query).all()))
