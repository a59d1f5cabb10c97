"""A digest of the values that a decision is based on, to detect changes."""

from typing import Any

from sqlalchemy import ColumnElement, Text, all_, cast, distinct, func, select

from petrec.features.runs.journal.keys import key_of
from petrec.rules.facts_sql import ObservedColumns
from petrec.schema import Schema, as_parent_writes, is_written_once

_DIGITS = 32


def state_sql(
    schema: Schema, facts: ObservedColumns, *, without: ColumnElement[Any] | None = None
) -> ColumnElement[str]:
    """Hash key, pet, appointment, their existence, visit, and the appointment's pets.

    All that the kind follows from, but not the kind: `without` is an array of pets that do not
    count, since the run itself has just added them, and they may have changed it.
    """
    recording, visits = facts.recording, schema.visits
    parts = [
        key_of(schema, recording),
        cast(recording.pet_id, Text),
        facts.pet_exists,
        cast(recording.appointment_id, Text),
        facts.appointment_exists,
        _sorted(schema, facts.linked_pets, without),
    ]
    if visits is not None:
        parts += [cast(recording.visit_id, Text), _visit(schema, recording.visit_id)]
    text = cast(func.jsonb_build_array(*parts), Text)
    digest = func.encode(func.sha256(func.convert_to(text, "UTF8")), "hex")
    return func.left(digest, _DIGITS)


def _sorted(
    schema: Schema, pets: ColumnElement[Any], without: ColumnElement[Any] | None
) -> ColumnElement[Any]:
    """Return the texts of an array of linked pets, as their own rows write them.

    PostgreSQL keeps either of two links whose ids are equal and written differently.
    """
    pet = func.unnest(pets).column_valued("pet")
    written: ColumnElement[Any] = cast(pet, Text)
    if not is_written_once(schema.links.c.pet_id):
        rows = schema.pets.alias("state_pet")
        row = select(rows.c.id).where(rows.c.id == pet).limit(1).correlate_except(rows)
        written = as_parent_writes(row.scalar_subquery(), pet)
    query = select(func.array_agg(distinct(written.collate("C"))))
    if without is not None:
        query = query.where(pet != all_(without))
    return query.scalar_subquery()


def _visit(schema: Schema, visit_id: ColumnElement[Any]) -> ColumnElement[Any]:
    visits = schema.visits
    assert visits is not None  # noqa: S101 - the caller has asked
    seen = visits.alias("state_visit")
    named = [cast(seen.c[name], Text) for name in ("pet_id", "appointment_id") if name in seen.c]
    query = select(func.jsonb_build_array(*named)).where(seen.c.id == visit_id)
    return query.scalar_subquery()
