"""A recording from its columns to what goes over the wire."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Text, cast

from petrec.api.access import Columns
from petrec.api.fields import or_null
from petrec.api.ids import Ids
from petrec.api.ports import ObjectStore
from petrec.api.times import clock_face, moment
from petrec.api.wire.recording import RecordingOut

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


def recording_columns(c: Columns, pet: ColumnElement[Any]) -> list[ColumnElement[Any]]:
    """Return what `recording_out` reads, of a table or a subquery that has its columns."""
    ids = [cast(or_null(c, name), Text).label(name) for name in _IDS]
    plain = [or_null(c, name).label(name) for name in _PLAIN]
    return [*ids, cast(pet, Text).label("pet_id"), *plain, c.id.label("sort_id")]


def recording_out(ids: Ids, store: ObjectStore, row: Mapping[str, Any]) -> RecordingOut:
    """Return the recording; `row` has the columns of `recording_columns`."""
    duration = row["duration_seconds"]
    return {
        "id": ids.write("rec", row["id"]),
        "visit_id": ids.maybe("visit", row["visit_id"]),
        "appointment_id": ids.maybe("appt", row["appointment_id"]),
        "pet_id": ids.write("pet", row["pet_id"]),
        "recorded_by_user_id": ids.maybe("user", row["recorded_by_user_id"]),
        "recording_type": row["recording_type"],
        "status": row["status"],
        "filename": row["filename"],
        "original_filename": row["original_filename"],
        "file_size_bytes": row["file_size_bytes"],
        "duration_seconds": None if duration is None else float(duration),
        "duration_formatted": clock_face(duration),
        "mime_type": row["mime_type"],
        "s3_url": row["s3_url"] or (store.url(row["s3_key"]) if row["s3_key"] else None),
        "transcript_text": row["transcript_text"],
        "transcript_confidence": _number(row["transcript_confidence"]),
        "is_transcribed": bool(row["is_transcribed"]),
        "is_processing": bool(row["is_processing"]),
        "created_at": moment(row["created_at"]),
        "updated_at": moment(row["updated_at"]),
    }


def _number(value: Any) -> float | None:
    return None if value is None else float(value)
