"""The statements of a completed upload."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    Text,
    Update,
    bindparam,
    cast,
    exists,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB

from petrec.api.access import Scope
from petrec.api.wire_columns import as_column, as_count, as_text, or_null
from petrec.rules import Lists, judged
from petrec.schema import Schema


def find(schema: Schema, scope: Scope) -> Select[Any]:
    """Select the recording, if the caller may complete it."""
    c = schema.recordings.c
    names = (
        *("pet_id", "status", "s3_key", "mime_type", "recording_metadata"),
        "duration_seconds",
    )
    columns = [as_text(or_null(c, name)).label(name) for name in names]
    size = as_count(or_null(c, "file_size_bytes")).label("file_size_bytes")
    query: Select[Any] = select(*columns, size)
    return query.where(c.id == bindparam("id"), scope.completes(c), is_visible(schema, scope))


def lock(schema: Schema, scope: Scope) -> Select[Any]:
    """Select it again, and lock it."""
    return find(schema, scope).with_for_update(of=schema.recordings)


def is_visible(schema: Schema, scope: Scope) -> ColumnElement[bool]:
    """Return whether the caller sees the recording, by its pet or, without one, its appointment."""
    c = schema.recordings.c
    if scope.recordings is not None:
        return scope.recordings(c)
    pets = schema.pets.alias("seen_pet")
    appointments = schema.appointments.alias("seen_appointment")
    by_pet = exists().where(pets.c.id == c.pet_id, scope.pets(pets.c))
    at = appointments.c.id == c.appointment_id
    by_appointment = exists().where(at, scope.appointments(appointments.c))
    return or_(by_pet, c.pet_id.is_(None) & by_appointment)


def hold_appointment(schema: Schema) -> Select[Any]:
    """Lock the recording's appointment, so that no pet is linked to it in the meantime."""
    c, appointments = schema.recordings.c, schema.appointments
    mine = select(c.appointment_id).where(c.id == bindparam("id")).scalar_subquery()
    query: Select[Any] = select(appointments.c.id).where(appointments.c.id == mine)
    return query.with_for_update()


def certain(schema: Schema) -> Select[Any]:
    """Select the pet for which the evidence is certain."""
    facts = judged(schema, lists=Lists.PER_ROW)
    query: Select[Any] = select(cast(facts.certain_pet, Text).label("pet_id"))
    return query.where(facts.recording.id == bindparam("id"))


def update_query(schema: Schema) -> Update:
    """Write the columns that exist."""
    columns = ("pet_id", "status", "file_size_bytes", "duration_seconds", "recording_metadata")
    return _update(schema, columns, ("updated_at", "uploaded_at"))


def add_query(schema: Schema, columns: frozenset[str]) -> Update:
    """Write some of the columns that a client knows of, later."""
    return _update(schema, sorted(columns), ("updated_at",))


def _update(schema: Schema, columns: Sequence[str], times: Sequence[str]) -> Update:
    recordings = schema.tables.recordings
    c = recordings.c
    values: dict[str, Any] = {
        **{name: cast(bindparam(name), c[name].type) for name in columns if name in c},
        **{name: as_column(c[name], "moment") for name in times if name in c},
    }
    if "duration_seconds" in values:
        values["duration_seconds"] = func.coalesce(values["duration_seconds"], c.duration_seconds)
    if "recording_metadata" in values:
        given = cast(bindparam("recording_metadata"), Text)
        values["recording_metadata"] = cast(given, c.recording_metadata.type)
    written: Any = {c[name]: value for name, value in values.items()}
    return update(recordings).values(written).where(c.id == bindparam("id"))


def notify(_: Schema) -> Select[Any]:
    """Announce the upload; delivered with the commit."""
    payload = cast(cast(bindparam("payload"), JSONB), Text)
    query: Select[Any] = select(func.pg_notify(bindparam("channel"), payload).is_(None))
    return query
