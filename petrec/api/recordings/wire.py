"""A recording, whose pet is never null, where to listen to it, and what may be changed of it."""

from pydantic import BaseModel, ConfigDict
from typing_extensions import TypedDict

from petrec.api.http.wire_fields import (
    AppointmentId,
    Count,
    Moment,
    Number,
    PetId,
    RecordingId,
    UserId,
    VisitId,
    answered,
)


@answered
class RecordingOut(TypedDict):
    """A recording with its pet."""

    id: RecordingId
    visit_id: VisitId | None
    appointment_id: AppointmentId | None
    pet_id: PetId
    recorded_by_user_id: UserId | None
    recording_type: str
    status: str
    filename: str | None
    original_filename: str | None
    file_size_bytes: Count | None
    duration_seconds: Number | None
    duration_formatted: str | None
    mime_type: str | None
    s3_url: str | None
    transcript_text: str | None
    transcript_confidence: Number | None
    is_transcribed: bool
    is_processing: bool
    created_at: Moment | None
    updated_at: Moment | None


@answered
class AudioOut(TypedDict):
    """An address of the file that works for everyone who has it, until it expires."""

    recording_id: RecordingId
    audio_url: str
    expires_in: Count
    content_type: str
    file_size_bytes: Count


class RecordingPatch(BaseModel):
    """What to change: the pet, which must be in the recording's appointment."""

    model_config = ConfigDict(
        strict=True,
        extra="forbid",
        json_schema_extra={"example": {"pet_id": "pet-987fcdeb-51a2-43d1-9c4f-123456789abc"}},
    )

    pet_id: PetId
