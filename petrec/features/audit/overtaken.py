"""Rows whose evidence is outdated: a pet joined the appointment after petrec had assigned one."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, cast, func, select

from petrec.features.audit.result import WarningCount
from petrec.features.runs.journal.keys import has_key
from petrec.features.runs.journal.presence import is_readable
from petrec.features.runs.journal.store import runs_of
from petrec.features.runs.journal.tables import changes
from petrec.features.runs.targets import target_name
from petrec.rules.census import extremes
from petrec.rules.evidence import SINGLE_PET
from petrec.rules.warnings import EVIDENCE_OVERTAKEN
from petrec.schema import Schema


def _overtaken(schema: Schema) -> Select[Any]:
    recordings, links = schema.recordings, schema.links
    crowded = (
        select(links.c.appointment_id)
        .group_by(links.c.appointment_id)
        .having(func.count(links.c.pet_id.distinct()) > 1)
        .subquery("crowded")
    )
    assigned = cast(changes.c.new["pet_id"].astext, recordings.c.pet_id.type)
    return (
        select(recordings.c.id)
        .distinct()
        .join(changes, has_key(schema, recordings.c, changes.c.row_key))
        .join(crowded, crowded.c.appointment_id == recordings.c.appointment_id)
        .where(changes.c.run_id.in_(runs_of(target_name(schema))))
        .where(changes.c.strategy == SINGLE_PET.id, recordings.c.pet_id == assigned)
    )


def count_overtaken(
    connection: Connection, schema: Schema, within: ColumnElement[bool] | None
) -> WarningCount | None:
    """Count them; None if there is no readable journal."""
    if not is_readable(connection):
        return None
    query = _overtaken(schema)
    rows = (query if within is None else query.where(within)).subquery("found")
    counts = select(func.count(), *extremes(rows.c.id)).select_from(rows)
    count, least, most = connection.execute(counts).one()
    samples = tuple(dict.fromkeys((least, most))) if count else ()
    return WarningCount(EVIDENCE_OVERTAKEN.id, EVIDENCE_OVERTAKEN.sentence, count, samples)
