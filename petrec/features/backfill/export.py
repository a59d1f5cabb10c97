"""The ambiguous recordings for people: one row per recording, with its candidates."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Select,
    Text,
    any_,
    cast,
    func,
    literal,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by

from petrec.features.backfill.selection import ALL, Selection
from petrec.postgres.snapshot import stream_copy
from petrec.rules import Lists, judged
from petrec.rules.kinds.missing_ambiguous import MISSING_AMBIGUOUS
from petrec.rules.legible import legible
from petrec.schema import Schema
from petrec.source import Rows

_RECORDING = ("appointment_id", "created_at", "original_filename", "transcript_text")
_APPOINTMENT = ("appointment_date", "title", "notes")


def ambiguous_query(schema: Schema, selection: Selection = ALL) -> Select[Any]:
    """Select the ambiguous recordings with what helps a person to decide."""
    facts = judged(schema, lists=Lists.LACKING, within=selection.lacking(schema))
    recording, appointments = facts.recording, schema.appointments
    candidates = _candidates(schema, facts.linked_pets)
    context = [recording[name] for name in _RECORDING if name in recording]
    context += [appointments.c[name] for name in _APPOINTMENT if name in appointments.c]
    return (
        select(
            recording.id.label("recording_id"),
            candidates.c.candidate_pet_ids,
            candidates.c.candidate_names,
            *(legible(schema, column).label(column.key) for column in context),
        )
        .select_from(
            facts.source.join(candidates, true()).outerjoin(
                appointments, appointments.c.id == recording.appointment_id
            )
        )
        .where(MISSING_AMBIGUOUS.sql(facts))
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


def _candidates(schema: Schema, pets: ColumnElement[Any]) -> FromClause:
    """Join the ids and the names of an appointment's pets, in the order of the ids."""
    joined = (
        _joined(schema, "id").label("candidate_pet_ids"),
        _joined(schema, "name").label("candidate_names"),
    )
    query = select(*joined).where(schema.pets.c.id == any_(pets))
    return query.correlate_except(schema.pets).lateral("candidates")


def _joined(schema: Schema, column: str) -> ColumnElement[str]:
    """Join the values of a column of pets; empty if the table has no such column."""
    pets = schema.pets.c
    if column not in pets:
        return literal("")
    shown = legible(schema, cast(pets[column], Text))
    return func.string_agg(shown, aggregate_order_by(literal(" | "), pets.id))
