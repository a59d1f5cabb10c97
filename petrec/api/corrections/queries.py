"""The statements of a correction: the recording under lock, and whether the pet fits it."""

from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, cast, exists, false, literal, select

from petrec.api.access import Scope
from petrec.api.uploads.complete_queries import is_visible
from petrec.api.uploads.membership import member
from petrec.api.wire_columns import as_text, or_null
from petrec.features.runs.journal.keys import key_of
from petrec.rules.agreement import visit_contradicts_sql
from petrec.schema import Schema


def see(schema: Schema, scope: Scope) -> Select[Any]:
    """Select the recording, if the caller sees it."""
    c = schema.recordings.c
    names = ("pet_id", "appointment_id", "visit_id", "s3_key")
    columns = [as_text(or_null(c, name)).label(name) for name in names]
    query: Select[Any] = select(key_of(schema, c).label("row_key"), *columns)
    return query.where(c.id == bindparam("id"), is_visible(schema, scope))


def lock(schema: Schema, scope: Scope, deletes: bool) -> Select[Any]:
    """Select it, and lock it; to delete it, also against rows that begin to reference it."""
    return see(schema, scope).with_for_update(of=schema.recordings, key_share=not deletes)


def fits(schema: Schema, scope: Scope, placed: bool) -> Select[Any]:
    """Select whether the visit contradicts, where the caller may give the recording this pet.

    Where the recording is placed in an appointment, the pet must be in it, and stays: its link is
    locked. `has_it` is whether this is the pet that the recording has, maybe written otherwise.
    """
    pets, appointments = schema.pets, schema.appointments
    this_pet = pets.c.id == bindparam("pet_id")
    source: Any = member(schema) if placed else select(literal(1)).subquery("one")
    current = cast(bindparam("current_pet"), schema.recordings.c.pet_id.type)
    has_it = exists().where(this_pet, pets.c.id == current)
    shown: list[ColumnElement[Any]] = [
        _contradicts(schema).label("contradicts"),
        has_it.label("has_it"),
    ]
    query: Select[Any] = select(*shown).select_from(source)
    query = query.where(exists().where(this_pet, scope.pets(pets.c)))
    if placed:
        this = appointments.c.id == bindparam("appointment_id")
        query = query.where(exists().where(this, scope.appointments(appointments.c)))
    return query


def _contradicts(schema: Schema) -> ColumnElement[bool]:
    visits = schema.visits
    if visits is None:
        return false()
    differs = visit_contradicts_sql(visits, bindparam("pet_id"), bindparam("appointment_id"))
    return exists().where(visits.c.id == bindparam("visit_id"), differs)
