"""Convert a recording from its columns to the wire format."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Text, cast

from petrec.api.access import Columns
from petrec.api.entities import Entity
from petrec.api.http.ids import Ids
from petrec.api.ports import ObjectStore
from petrec.api.recordings.wire import RecordingOut
from petrec.api.statements import Row
from petrec.api.wire_columns import as_count, as_flag, as_moment, as_number, as_text, or_null

Write = Callable[[str], str]

_ENTITIES = (Entity.RECORDING, Entity.VISIT, Entity.APPOINTMENT, Entity.PET, Entity.USER)
_IDS = ("id", "visit_id", "appointment_id", "recorded_by_user_id")
_PLAIN = (
    "recording_type",
    "status",
    "filename",
    "original_filename",
    "file_size_bytes",
    "duration_seconds",
    "mime_type",
    "s3_key",
    "s3_url",
    "transcript_text",
    "transcript_confidence",
    "is_transcribed",
    "is_processing",
    "created_at",
    "updated_at",
)
_FORMS: Mapping[str, Callable[[ColumnElement[Any]], ColumnElement[Any]]] = {
    "file_size_bytes": as_count,
    "duration_seconds": as_number,
    "transcript_confidence": as_number,
    "is_transcribed": as_flag,
    "is_processing": as_flag,
    "created_at": as_moment,
    "updated_at": as_moment,
}


def recording_columns(c: Columns, pet: ColumnElement[Any]) -> list[ColumnElement[Any]]:
    """Return what `wire_recording` reads, of a table or a subquery that has its columns."""
    ids = [cast(or_null(c, name), Text).label(name) for name in _IDS]
    plain = [or_null(c, name).label(name) for name in _PLAIN]
    return [*ids, cast(pet, Text).label("pet_id"), *plain, c.id.label("sort_id")]


def wire_recording(c: Columns) -> list[ColumnElement[Any]]:
    """Return what `recordings_out` reads, of a subquery of `recording_columns`."""
    ids = [c[name] for name in (*_IDS, "pet_id")]
    return [*ids, *(_FORMS.get(name, as_text)(c[name]).label(name) for name in _PLAIN)]


def recordings_out(ids: Ids, store: ObjectStore, rows: Iterable[Row]) -> list[RecordingOut]:
    """Return the recordings; the rows have the columns of `wire_recording`."""
    shape = _Shape(store, *(ids.writer(entity) for entity in _ENTITIES))
    return [shape.out(row) for row in rows]


class _Shape(NamedTuple):
    """What turns the rows of a page into recordings."""

    store: ObjectStore
    recording: Write
    visit: Write
    appointment: Write
    pet: Write
    user: Write

    def out(self, row: Row) -> RecordingOut:
        """Return one recording."""
        visit, appointment = row.visit_id, row.appointment_id
        user, duration = row.recorded_by_user_id, row.duration_seconds
        key = row.s3_key
        return {
            "id": self.recording(row.id),
            "visit_id": None if visit is None else self.visit(visit),
            "appointment_id": None if appointment is None else self.appointment(appointment),
            "pet_id": self.pet(row.pet_id),
            "recorded_by_user_id": None if user is None else self.user(user),
            "recording_type": row.recording_type,
            "status": row.status,
            "filename": row.filename,
            "original_filename": row.original_filename,
            "file_size_bytes": row.file_size_bytes,
            "duration_seconds": duration,
            "duration_formatted": clock_face(duration),
            "mime_type": row.mime_type,
            "s3_url": row.s3_url or (self.store.url(key) if key else None),
            "transcript_text": row.transcript_text,
            "transcript_confidence": row.transcript_confidence,
            "is_transcribed": bool(row.is_transcribed),
            "is_processing": bool(row.is_processing),
            "created_at": row.created_at,
            "updated_at": row.updated_at,
        }


def clock_face(seconds: float | None) -> str | None:
    """Return a duration as people read it: 3:00, or 1:02:03."""
    if seconds is None or seconds < 0:
        return None
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"
