"""One row for one Idempotency-Key: the recording's id is derived from the caller and the key.

No table of keys is needed: the recording's own row says whether the key was used, and for what.
"""

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, Text, and_, bindparam, cast, func, select

from petrec.api.entities import Entity
from petrec.api.http.errors import invalid
from petrec.api.pooled import Connection
from petrec.api.ports import Actor
from petrec.api.service import Clinic
from petrec.api.statements import Row
from petrec.api.uploads.new_ids import makes_own
from petrec.api.uploads.new_recording import NewRecording
from petrec.api.wire_columns import as_column, as_moment, as_text, or_null
from petrec.schema import Schema, UploadState
from petrec.storage.metadata import noted_sha256

_NAMESPACE = uuid.UUID("6f1d9c1e-5d0b-5c55-9f5c-0c6d3a0f4b1a")
_IDS = ("appointment_id", "pet_id", "visit_id")
_TEXTS = ("recording_type", "original_filename", "mime_type")


_KEY = r"[\x21-\x7e]{1,255}"
_FITS = re.compile(_KEY)
# Only for the OpenAPI document: a header that is a parameter slows down every request.
KEY_HEADER: Mapping[str, Any] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "The same key with the same body returns the same recording.",
    "schema": {"type": "string", "pattern": f"^{_KEY}$"},
}


@dataclass(frozen=True)
class EarlierUpload:
    """The recording that the key has created before."""

    s3_key: str
    formed_at: datetime | None
    status: str | None
    differs: bool

    @property
    def pending(self) -> bool:
        """Return whether it still expects its file."""
        return self.status == UploadState.PENDING

    def seconds_left(self, now: datetime, expires_s: int) -> int:
        """Return how long the last form is still valid, in seconds."""
        if self.formed_at is None:
            return 0
        age = (now - self.formed_at).total_seconds()
        return max(0, min(expires_s, int(expires_s - age)))


def given_key(text: str | None) -> str | None:
    """Return the header's value; errors: ApiError."""
    if text is not None and not _FITS.fullmatch(text):
        raise invalid(KEY_HEADER["name"], "must be 1 to 255 characters of printable ASCII")
    return text


def derived_id(clinic: Clinic, actor: Actor, key: str) -> str:
    """Return the id that belongs to this caller's key; errors: ApiError."""
    if not makes_own(clinic, Entity.RECORDING):
        raise invalid("Idempotency-Key", "cannot be used with the numeric ids of this database")
    return clinic.ids.new(Entity.RECORDING, str(uuid.uuid5(_NAMESPACE, f"{actor.user_id}\n{key}")))


def earlier(connection: Connection, clinic: Clinic, new: NewRecording) -> EarlierUpload | None:
    """Wait for requests with the same key, and return the recording of the first."""
    this = {"id": new.id}
    clinic.statements.get(_lock).rows(connection, this)
    ids = {name: getattr(new, name) for name in _IDS}
    row = clinic.statements.get(_query).first(connection, this | ids)
    if row is None:
        return None
    compared = [name for name in _TEXTS if name in clinic.schema.recordings.c]
    differs = not row.same or any(getattr(row, name) != getattr(new, name) for name in compared)
    if "recording_metadata" in clinic.schema.recordings.c:
        differs = differs or noted_sha256(row.metadata) != new.sha256
    return EarlierUpload(row.s3_key, _formed_at(row, new.created_at), row.status, differs)


def _formed_at(row: Row, now: datetime) -> datetime | None:
    """Return when the last form was made, which a pending row notes as its last change."""
    noted = row.updated_at if row.status == UploadState.PENDING else None
    times = [datetime.fromisoformat(text) for text in (row.created_at, noted) if text]
    return min(now, max(times)) if times else None


def _lock(_: Schema) -> Select[Any]:
    number = func.hashtextextended(cast(bindparam("id"), Text), 0)
    return select(func.pg_advisory_xact_lock(number).is_(None))


def _query(schema: Schema) -> Select[Any]:
    c = schema.recordings.c
    compared = [cast(c[name], Text).label(name) for name in _TEXTS if name in c]
    ids = [name for name in _IDS if name in c]
    same = and_(*(c[name].is_not_distinct_from(as_column(c[name], name)) for name in ids))
    stored = (as_text(c.s3_key).label("s3_key"), as_text(c.status).label("status"))
    noted = as_text(or_null(c, "recording_metadata")).label("metadata")
    times = [as_moment(or_null(c, n)).label(n) for n in ("created_at", "updated_at")]
    return select(same.label("same"), *stored, noted, *times, *compared).where(
        c.id == bindparam("id")
    )
