"""Links to the sound of recordings: anyone who has one can play it, until it expires."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Text, case, cast

from petrec.errors import SettingsError, UsageError
from petrec.schema import Schema, UploadState
from petrec.settings import Settings
from petrec.storage import BucketAddress, Credentials, open_bucket
from petrec.storage.sigv4 import LONGEST_S, signed_url


@dataclass(frozen=True)
class Audio:
    """A bucket, and one pair of keys that signs all links of an export at once."""

    place: BucketAddress
    keys: Credentials = field(repr=False)
    signed_at: datetime
    expires_s: int

    @property
    def until(self) -> datetime:
        """Return when the links expire, in whole seconds; temporary keys may end earlier."""
        return self.signed_at.replace(microsecond=0) + timedelta(seconds=self.expires_s)

    @property
    def until_iso(self) -> str:
        """Return that moment as a page's script reads it."""
        return f"{self.until:%Y-%m-%dT%H:%M:%SZ}"

    @property
    def is_temporary(self) -> bool:
        """Return whether the keys have an end of their own."""
        return self.keys.session_token is not None

    @property
    def source(self) -> str:
        """Return what a page must allow to play the links, and nothing else."""
        return self.place.url().rstrip("/") + "/"

    def link(self, key: str) -> str:
        """Return the link to an object."""
        return signed_url(self.place, self.keys, key, self.expires_s, self.signed_at)


def open_audio(settings: Settings) -> Audio:
    """Return the configured bucket, without a request to it; errors: SettingsError."""
    expires_s = settings.review.audio_expires_s
    if not 0 < expires_s <= LONGEST_S:
        raise SettingsError(f"[review] audio_expires_s must be 1 to {LONGEST_S} seconds")
    bucket = open_bucket(settings.serve.store)
    return Audio(bucket.place, bucket.credentials(), datetime.now(UTC), expires_s)


def audio_key(schema: Schema, recording: Any) -> ColumnElement[Any]:
    """Return the key of a recording's object, NULL before it is uploaded; errors: UsageError."""
    key, status = recording.get("s3_key"), recording.get("status")
    if key is None:
        raise UsageError(
            f"the sound cannot be linked: {schema.tables.recordings.name} has no column s3_key",
            hint="map the column in petrec.toml",
        )
    if status is None:
        return cast(key, Text)
    return case((cast(status, Text) != UploadState.PENDING, cast(key, Text)))
