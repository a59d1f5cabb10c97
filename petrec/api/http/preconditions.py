"""ETag and If-Match: a change applies to the state that its caller has seen, or not at all."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import msgspec
from fastapi import Request

from petrec.api.http.errors import ApiError

# Only for the OpenAPI document: a header that is a parameter slows down every request.
MATCH_HEADER: Mapping[str, Any] = {
    "name": "If-Match",
    "in": "header",
    "required": False,
    "description": "The ETag of the state that is to be changed, or * for any; else 412.",
    "schema": {"type": "string", "maxLength": 4000},
}


@dataclass(frozen=True)
class Match:
    """The states that a request may change: ETags as in If-Match, or any state."""

    tags: frozenset[str] | None = None

    def check(self, current: Callable[[], str | None]) -> None:
        """Compare with the ETag of the current state, None where it has none; errors: ApiError."""
        if self.tags is not None and current() not in self.tags:
            raise ApiError(412, "precondition_failed", "This has changed since it was read")


def etag_of(body: Mapping[str, Any]) -> str:
    """Return the ETag of what is served; of a visit, without its recordings."""
    kept = {name: value for name, value in body.items() if name != "recordings"}
    return f'"{sha256(msgspec.json.encode(kept)).hexdigest()[:32]}"'


def tagged(body: Mapping[str, Any]) -> dict[str, str]:
    """Return the header with the ETag of a body."""
    return {"ETag": etag_of(body)}


def match_of(request: Request, *, required: bool) -> Match:
    """Return what the request may change; errors: ApiError where it has to say so."""
    given = request.headers.getlist(MATCH_HEADER["name"])
    tags = frozenset(tag.strip() for line in given for tag in line.split(","))
    if not given and required:
        raise ApiError(428, "precondition_required", "Send If-Match with the ETag that was read")
    return Match(None if not given or "*" in tags else tags)
