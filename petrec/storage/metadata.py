"""The metadata of a recording: what an upload notes in it, beside what is there already."""

from collections.abc import Mapping
from typing import Any

import msgspec

# Values stay as they are written, numbers of any size included.
_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ANY = msgspec.json.Decoder(msgspec.Raw)


# Under this name the ETag of the stored object is noted.
ETAG = "s3_etag"


# Under this name it is noted when an upload was cancelled.
CANCELLED = "cancelled_at"


# Under this name the digest is noted that the client announced, in base64.
SHA256 = "sha256"


class _Noted(msgspec.Struct):
    s3_etag: str | None = None
    cancelled_at: str | None = None
    sha256: str | None = None


def noted_etag(metadata: str | None) -> str | None:
    """Return the ETag that a completion has noted in the metadata; None of older rows."""
    known = _noted(metadata)
    return known.s3_etag if known is not None else None


def noted_sha256(metadata: str | None) -> str | None:
    """Return the digest that the client announced; None if it announced none."""
    known = _noted(metadata)
    return known.sha256 if known is not None else None


def is_noted_cancelled(metadata: str | None) -> bool:
    """Return whether a cancellation is noted in the metadata."""
    known = _noted(metadata)
    return known is not None and known.cancelled_at is not None


def _noted(metadata: str | None) -> _Noted | None:
    try:
        return msgspec.json.decode(metadata or "null", type=_Noted | None)
    except (msgspec.MsgspecError, RecursionError):
        return None


def merged(before: str | None, told: Mapping[str, Any]) -> str:
    """Return metadata with the new values; a previous non-object gets its own name."""
    known = _known(before or "")
    if known is None:
        name = "previous"
        while name in told:
            name += "_"
        known = {name: _value(before or "")}
    return msgspec.json.encode({**known, **told}).decode()


def lacking(before: str | None, told: Mapping[str, Any]) -> dict[str, Any]:
    """Return the new values whose names the metadata does not have."""
    known = _known(before or "") or {}
    return {name: value for name, value in told.items() if name not in known}


def _known(text: str) -> Mapping[str, Any] | None:
    """Return an object's members; none for NULL and null; None if it is another value."""
    if text.strip() in ("", "null"):
        return {}
    try:
        return _OBJECT.decode(text)
    except (msgspec.MsgspecError, RecursionError):
        return None


def _value(text: str) -> Any:
    """Return JSON as it is written; invalid or too deeply nested JSON as text."""
    try:
        return _ANY.decode(text)
    except (msgspec.MsgspecError, RecursionError):
        return text
