"""The options of a host, and the argument of its hook."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from petrec.settings import UPLOADED_CHANNEL

_SUFFIXES = {
    "audio/aac": "aac",
    "audio/m4a": "m4a",
    "audio/mp4": "m4a",
    "audio/mpeg": "mp3",
    "audio/wav": "wav",
    "audio/x-m4a": "m4a",
    "audio/x-wav": "wav",
}


class IdStyle(StrEnum):
    """How ids are written on the wire; both forms are always understood."""

    TYPED = "typed"
    BARE = "bare"


@dataclass(frozen=True)
class Uploaded:
    """An upload that is complete and committed; ids as in the database."""

    recording_id: str
    pet_id: str | None
    s3_key: str


def utc_now() -> datetime:
    """Return the current time."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Options:
    """The router's settings.

    `content_types` are those that may be uploaded, with the file name's suffix; `channel` is what
    a completed upload is announced on by NOTIFY, None for silence; `webhooks` are the names for
    which its event is written to the outbox, with the upload itself; in the schemas of
    `search_path` names are looked up beside pg_catalog, for triggers of the application. Of the
    refused requests whose caller is unknown, `anonymous_rows` a minute are rows of api_logs.
    `corrections` adds the endpoint that sets the pet of a recording, `deletions` the one that
    deletes it permanently; `require_if_match` is whether a change of a recording or visit has to
    name the ETag that it is for.
    With `checksums` a client may announce the SHA-256 of its file: the store takes no other bytes.
    A request takes `request_s` at most, each of its statements `statement_s`, or less if the
    session has a shorter limit; in seconds.
    """

    prefix: str = "/api/v1"
    id_style: IdStyle = IdStyle.TYPED
    content_types: Mapping[str, str] = field(default_factory=lambda: dict(_SUFFIXES))
    recording_types: tuple[str, ...] = ("visit_audio", "appointment_audio", "consultation_audio")
    channel: str | None = UPLOADED_CHANNEL
    webhooks: tuple[str, ...] = ()
    key_folder: str = "recordings"
    search_path: tuple[str, ...] = ()
    anonymous_rows: int = 60
    corrections: bool = True
    deletions: bool = False
    require_if_match: bool = False
    checksums: bool = False
    request_s: float = 30.0
    statement_s: float = 10.0
    clock: Callable[[], datetime] = utc_now
