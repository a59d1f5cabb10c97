"""Starting and completing an upload."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, create_model
from typing_extensions import TypedDict

from petrec.api.http.wire_fields import (
    AppointmentId,
    Count,
    FileName,
    Number,
    PetId,
    RecordingId,
    VisitId,
    answered,
)
from petrec.api.options import Options
from petrec.storage.metadata import DIGEST

_MAX_DAYS = 86_400.0

Key = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[^\x00]+$")]
Value = Annotated[str, Field(max_length=1_000, pattern=r"^[^\x00]*$")] | bool | int | float | None

Digest = Annotated[
    str,
    Field(
        pattern=DIGEST,
        description="SHA-256 of the file in base64: the store refuses another file",
    ),
]


def _whole(value: Any) -> Any:
    """Accept 3.0 as 3, as JSON does."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


class InitiateIn(BaseModel):
    """A recording that is about to be uploaded."""

    model_config = ConfigDict(
        strict=True,
        allow_inf_nan=False,
        json_schema_extra={
            "example": {
                "appointment_id": "appt-123e4567-e89b-12d3-a456-426614174000",
                "pet_id": "pet-987fcdeb-51a2-43d1-9c4f-123456789abc",
                "visit_id": None,
                "recording_type": "visit_audio",
                "filename": "visit_recording_20250901_143022.m4a",
                "content_type": "audio/mp4",
                "estimated_duration_seconds": 180.5,
            }
        },
    )

    appointment_id: AppointmentId
    pet_id: PetId
    visit_id: VisitId | None = None
    recording_type: str
    filename: FileName
    content_type: str
    estimated_duration_seconds: Number | None = Field(default=None, ge=0, le=_MAX_DAYS)


@answered
class InitiateOut(TypedDict):
    """Where and how to upload the recording."""

    recording_id: RecordingId
    upload_url: str
    upload_fields: dict[str, str]
    s3_key: str
    bucket: str
    expires_in: Count
    max_file_size: Count


class CompleteIn(BaseModel):
    """The client's data on the file that it has uploaded."""

    model_config = ConfigDict(
        strict=True,
        allow_inf_nan=False,
        json_schema_extra={
            "example": {
                "file_size_bytes": 2048576,
                "duration_seconds": 180.5,
                "recording_metadata": {"device_type": "iPhone", "ios_version": "17.0"},
            }
        },
    )

    file_size_bytes: Annotated[int, BeforeValidator(_whole)] = Field(
        ge=1, le=5 * 1024**3, json_schema_extra={"format": "int64"}
    )
    duration_seconds: Number | None = Field(default=None, ge=0, le=_MAX_DAYS)
    recording_metadata: dict[Key, Value] | None = Field(default=None, max_length=50)


@answered
class CompleteOut(TypedDict):
    """The upload is complete."""

    status: Literal["completed"]
    recording_id: RecordingId


@answered
class CancelOut(TypedDict):
    """The upload has ended without a file."""

    status: Literal["cancelled"]
    recording_id: RecordingId


def initiate_body(options: Options) -> type[InitiateIn]:
    """Return the body's type for the options, so that the documents list what is allowed."""
    digest: Any = {"checksum_sha256": (Digest | None, None)} if options.checksums else {}
    choices: Any = {
        **digest,
        "recording_type": (_one_of(*options.recording_types), ...),
        "content_type": (_one_of(*options.content_types), ...),
    }
    return create_model("InitiateIn", __base__=InitiateIn, __doc__=InitiateIn.__doc__, **choices)


def _one_of(*values: str) -> Any:
    return Literal[values]
