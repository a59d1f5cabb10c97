"""Where a page ended: an opaque text for the client, a keyset for the query."""

import base64
import binascii
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum

import msgspec
import psycopg

from petrec.api.entities import Entity
from petrec.api.http.errors import ApiError
from petrec.api.http.ids import Ids

_DECODER = msgspec.json.Decoder(tuple[str | None, str])


class After(Enum):
    """Where a page starts: at the top, or after a row with a time, or after one without."""

    TOP = "top"
    TIMED = "timed"
    UNTIMED = "untimed"


@dataclass(frozen=True)
class Cursor:
    """The last row of a page: its time, as text of the column's type, if any, and its id."""

    at: str | None
    id: str

    def encode(self) -> str:
        """Return the cursor as text."""
        packed = base64.urlsafe_b64encode(msgspec.json.encode((self.at, self.id)))
        return packed.decode().rstrip("=")


def start(cursor: Cursor | None) -> After:
    """Return where a page starts."""
    if cursor is None:
        return After.TOP
    return After.UNTIMED if cursor.at is None else After.TIMED


def decode(text: str, ids: Ids, entity: Entity) -> Cursor:
    """Return the cursor; errors: ApiError."""
    try:
        raw = base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
        at, bare = _DECODER.decode(raw)
    except (ValueError, binascii.Error, msgspec.MsgspecError):
        raise _invalid() from None
    if not ids.fits(entity, bare) or "\x00" in (at or ""):
        raise _invalid()
    return Cursor(at, bare)


@contextmanager
def starting(cursor: Cursor | None) -> Iterator[None]:
    """Run the query of a page; errors: ApiError if the cursor's time does not fit the column."""
    try:
        yield
    except psycopg.DataError:
        if cursor is None:
            raise
        raise _invalid() from None


def _invalid() -> ApiError:
    """Return the error of an invalid cursor. A schema cannot describe valid ones."""
    return ApiError(404, "cursor_not_found", "The cursor is not valid", {"field": "cursor"})
