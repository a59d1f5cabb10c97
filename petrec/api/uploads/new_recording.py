"""The row of an upload that starts."""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from petrec.schema import UploadState
from petrec.storage.metadata import SHA256


@dataclass(frozen=True)
class Association:
    """A pet, an appointment and a visit that must fit together; ids as in the database."""

    pet_id: str
    appointment_id: str
    visit_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class NewRecording(Association):
    """What the INSERT of a recording fills, by the logical names of the columns."""

    id: str
    recorded_by_user_id: str
    recording_type: str
    filename: str
    original_filename: str
    mime_type: str
    s3_key: str
    s3_url: str
    recording_metadata: Jsonb
    created_at: datetime
    updated_at: datetime
    # As a text: the driver would look up how to send an enum for each row.
    status: str = UploadState.PENDING.value
    is_transcribed: bool = False
    is_processing: bool = False

    @property
    def sha256(self) -> str | None:
        """Return the digest of the file that the client announced."""
        digest: str | None = self.recording_metadata.obj.get(SHA256)
        return digest

    def values(self) -> dict[str, Any]:
        """Return the values by column."""
        return dict(vars(self))


# Columns that every upload fills; `visit_id` only with a visit.
WRITTEN = tuple(field.name for field in fields(NewRecording) if field.name != "visit_id")
