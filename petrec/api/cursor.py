"""Where a page ended: an opaque text for the client, a keyset for the query."""

import base64
import binascii
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum

import msgspec

from petrec.api.errors import ApiError
from petrec.api.ids import Ids
from petrec.api.times import utc

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DECODER = msgspec.json.Decoder(tuple[int | None, str])


class After(Enum):
    """Where a page starts: at the top, or after a row with a time, or after one without."""

    TOP = "top"
    TIMED = "timed"
    UNTIMED = "untimed"


@dataclass(frozen=True)
class Cursor:
    """The last row of a page: its time, to the microsecond, if it has any, and its id."""

    at: datetime | None
    id: str

    def encode(self) -> str:
        """Return the cursor as text."""
        micros = None if self.at is None else (utc(self.at) - _EPOCH) // timedelta(microseconds=1)
        packed = base64.urlsafe_b64encode(msgspec.json.encode((micros, self.id)))
        return packed.decode().rstrip("=")


def start(cursor: Cursor | None) -> After:
    """Return what kind of place a page starts at."""
    if cursor is None:
        return After.TOP
    return After.UNTIMED if cursor.at is None else After.TIMED


def decode(text: str, ids: Ids, entity: str) -> Cursor:
    """Return the cursor; errors: ApiError."""
    try:
        raw = base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
        micros, bare = _DECODER.decode(raw)
        at = None if micros is None else _EPOCH + timedelta(microseconds=micros)
    except (ValueError, OverflowError, binascii.Error, msgspec.MsgspecError):
        raise _invalid() from None
    if not ids.fits(entity, bare):
        raise _invalid()
    return Cursor(at, bare)


def _invalid() -> ApiError:
    """Say that no page starts here: no schema could tell which texts were given out."""
    return ApiError(404, "cursor_not_found", "No page starts at this cursor", {"field": "cursor"})
