"""The metadata of a recording: what an upload notes in it, beside what is there already."""

import json
import re
from collections.abc import Mapping
from typing import Any

import msgspec

# Values stay as they are written, numbers of any size included.
_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ANY = msgspec.json.Decoder(msgspec.Raw)


# Under this name the ETag of the stored object is noted.
ETAG = "s3_etag"


# Under this name it is noted when an upload was cancelled.
CANCELLED = "petrec_cancelled_at"


# Under this name the digest is noted that the client announced, in base64.
SHA256 = "petrec_sha256"


# What clients say under these names is not kept.
RESERVED = frozenset({ETAG, CANCELLED, SHA256})


# A SHA-256 in base64.
DIGEST = r"^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$"


def noted_etag(metadata: str | None) -> str | None:
    """Return the ETag that a completion has noted in the metadata; None of older rows."""
    return _noted(metadata, ETAG)


def noted_sha256(metadata: str | None) -> str | None:
    """Return the digest that the client announced; None if it announced none."""
    digest = _noted(metadata, SHA256)
    return digest if digest is not None and re.fullmatch(DIGEST, digest) else None


def is_noted_cancelled(metadata: str | None) -> bool:
    """Return whether a cancellation is noted in the metadata."""
    return _noted(metadata, CANCELLED) is not None


def _noted(metadata: str | None, name: str) -> str | None:
    """Return the text under a reserved name; None if there is none, or another value."""
    try:
        # Half of a surrogate pair, which columns of type json hold, is an error to msgspec.
        known = json.loads(metadata or "null", parse_int=float)
    except (ValueError, RecursionError):
        return None
    value = known.get(name) if isinstance(known, dict) else None
    return value if isinstance(value, str) else None


def clients_own(given: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return what a client may note in the metadata of what it tells."""
    return {name: value for name, value in (given or {}).items() if name not in RESERVED}


def completed(before: str | None, etag: str, given: Mapping[str, Any] | None = None) -> str:
    """Return the metadata of an upload whose file is there: it is cancelled no longer."""
    known = _members(before, {**clients_own(given), ETAG: etag})
    return msgspec.json.encode({n: v for n, v in known.items() if n != CANCELLED}).decode()


def merged(before: str | None, given: Mapping[str, Any]) -> str:
    """Return metadata with the new values; a previous non-object gets its own name."""
    return msgspec.json.encode(_members(before, given)).decode()


def _members(before: str | None, given: Mapping[str, Any]) -> dict[str, Any]:
    known = _known(before or "")
    if known is None:
        name = "previous"
        while name in given:
            name += "_"
        known = {name: _value(before or "")}
    return {**known, **given}


def lacking(before: str | None, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the new values whose names the metadata does not have."""
    known = _known(before or "") or {}
    return {name: value for name, value in given.items() if name not in known}


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
