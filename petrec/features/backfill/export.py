"""The ambiguous recordings for people: one row per recording, with its candidates."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Text, any_, cast, func, literal, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from petrec.features.backfill.selection import ALL, Selection
from petrec.postgres.snapshot import stream_copy
from petrec.rules import Lists, judged, kind_column
from petrec.rules.kinds.missing_ambiguous import MISSING_AMBIGUOUS
from petrec.rules.legible import legible
from petrec.schema import Schema
from petrec.source import Rows

_RECORDING = ("appointment_id", "created_at", "original_filename", "transcript_text")
_APPOINTMENT = ("appointment_date", "title", "notes")


def ambiguous_query(schema: Schema, selection: Selection = ALL) -> Select[Any]:
    """Select the ambiguous recordings with what helps a person to decide."""
    facts = judged(schema, lists=Lists.LACKING, within=selection.condition(schema))
    recording, appointments = facts.recording, schema.appointments
    context = [recording[name] for name in _RECORDING if name in recording]
    context += [appointments.c[name] for name in _APPOINTMENT if name in appointments.c]
    return (
        select(
            recording.id.label("recording_id"),
            _candidates(schema, facts.linked_pets, "id").label("candidate_pet_ids"),
            _candidates(schema, facts.linked_pets, "name").label("candidate_names"),
            *(legible(schema, column).label(column.key) for column in context),
        )
        .select_from(
            facts.source.outerjoin(appointments, appointments.c.id == recording.appointment_id)
        )
        .where(kind_column(facts) == MISSING_AMBIGUOUS.id)
        .order_by(recording.id)
    )


@contextmanager
def stream_ambiguous(
    connection: Connection, schema: Schema, selection: Selection = ALL
) -> Iterator[tuple[tuple[str, ...], Rows]]:
    """Yield the column names and an iterator over the rows."""
    query = ambiguous_query(schema, selection)
    with stream_copy(connection, query) as rows:
        yield tuple(column.name for column in query.selected_columns), rows


def _candidates(schema: Schema, pets: ColumnElement[Any], column: str) -> ColumnElement[str]:
    """Join one column of the appointment's pets, in the order of their ids."""
    table = schema.pets
    if column not in table.c:
        return literal("")
    joined = func.string_agg(
        legible(schema, cast(table.c[column], Text)), aggregate_order_by(literal(" | "), table.c.id)
    )
    query = select(joined).where(table.c.id == any_(pets))
    return query.correlate_except(table).scalar_subquery()
