"""Convert a recording from its columns to the wire format."""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import ColumnElement, Text, cast

from petrec.api.access import Columns
from petrec.api.entities import Entity
from petrec.api.http.ids import Ids
from petrec.api.ports import ObjectStore
from petrec.api.recordings.wire import RecordingOut
from petrec.api.wire_columns import as_count, as_flag, as_moment, as_number, as_text, or_null

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
    """Return what `recording_out` reads, of a subquery of `recording_columns`."""
    ids = [c[name] for name in (*_IDS, "pet_id")]
    return [*ids, *(_FORMS.get(name, as_text)(c[name]).label(name) for name in _PLAIN)]


def recording_out(ids: Ids, store: ObjectStore, row: Mapping[str, Any]) -> RecordingOut:
    """Return the recording; `row` has the columns of `wire_recording`."""
    duration = row["duration_seconds"]
    return {
        "id": ids.write(Entity.RECORDING, row["id"]),
        "visit_id": ids.maybe(Entity.VISIT, row["visit_id"]),
        "appointment_id": ids.maybe(Entity.APPOINTMENT, row["appointment_id"]),
        "pet_id": ids.write(Entity.PET, row["pet_id"]),
        "recorded_by_user_id": ids.maybe(Entity.USER, row["recorded_by_user_id"]),
        "recording_type": row["recording_type"],
        "status": row["status"],
        "filename": row["filename"],
        "original_filename": row["original_filename"],
        "file_size_bytes": row["file_size_bytes"],
        "duration_seconds": duration,
        "duration_formatted": clock_face(duration),
        "mime_type": row["mime_type"],
        "s3_url": row["s3_url"] or (store.url(row["s3_key"]) if row["s3_key"] else None),
        "transcript_text": row["transcript_text"],
        "transcript_confidence": row["transcript_confidence"],
        "is_transcribed": bool(row["is_transcribed"]),
        "is_processing": bool(row["is_processing"]),
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
    }


def clock_face(seconds: float | None) -> str | None:
    """Return a duration as people read it: 3:00, or 1:02:03."""
    if seconds is None or seconds < 0:
        return None
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"
