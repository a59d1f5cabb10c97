"""Signature version 4, as far as an upload form, a request without a body and a link need it."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

from petrec.storage.credentials import Credentials
from petrec.storage.place import BucketAddress

_ALGORITHM = "AWS4-HMAC-SHA256"
# As a field of a form the store refuses other bytes; as a header it tells what it has.
CHECKSUM = "x-amz-checksum-sha256"
_EMPTY = hashlib.sha256(b"").hexdigest()
# S3 signs nothing for longer than a week.
LONGEST_S = 7 * 86_400
# What signs a form; in lower case, as all names here.
SIGNED_FIELDS = frozenset(
    f"x-amz-{name}" for name in ("algorithm", "credential", "date", "security-token", "signature")
)


@dataclass(frozen=True)
class Upload:
    """What an upload form allows: one key, one type, a size from 1 to `max_bytes`, until then.

    `more` are fields that every form has besides, each with exactly its value.
    """

    key: str
    content_type: str
    max_bytes: int
    expires_s: int
    more: Mapping[str, str] = field(default_factory=dict)


def form(
    place: BucketAddress, credentials: Credentials, upload: Upload, now: datetime
) -> dict[str, str]:
    """Return the fields of a POST form, policy and signature among them."""
    if "${" in upload.key:
        raise ValueError("S3 would replace ${filename} in the key")
    moment = now.astimezone(UTC)
    fields = {"Content-Type": upload.content_type, "key": upload.key, **upload.more}
    signed = _signed_fields(place, credentials, moment)
    conditions: list[Any] = [
        {"Content-Type": upload.content_type},
        ["content-length-range", 1, upload.max_bytes],
        {"bucket": place.bucket},
        {"key": upload.key},
        *({name: value} for name, value in upload.more.items()),
        *({name: value} for name, value in signed.items()),
    ]
    until = f"{moment + timedelta(seconds=upload.expires_s):%Y-%m-%dT%H:%M:%SZ}"
    document = json.dumps({"expiration": until, "conditions": conditions})
    policy = base64.b64encode(document.encode()).decode()
    signature = _sign(place, credentials, moment, policy)
    return fields | signed | {"policy": policy, "x-amz-signature": signature}


def signed_url(
    place: BucketAddress, credentials: Credentials, key: str, expires_s: int, now: datetime
) -> str:
    """Return an address from which anyone can read the object, until it expires."""
    moment = now.astimezone(UTC)
    fields = {
        "X-Amz-Algorithm": _ALGORITHM,
        "X-Amz-Credential": f"{credentials.access_key}/{_scope(place, moment)}",
        "X-Amz-Date": _stamp(moment),
        "X-Amz-Expires": str(expires_s),
        "X-Amz-SignedHeaders": "host",
    }
    if credentials.session_token:
        fields["X-Amz-Security-Token"] = credentials.session_token
    # The signature is of the parameters in the order of their names.
    query = urlencode(sorted(fields.items()), quote_via=quote, safe="-_.~")
    request = f"GET\n{place.path(key)}\n{query}\nhost:{place.host}\n\nhost\nUNSIGNED-PAYLOAD"
    signature = _sign(place, credentials, moment, _to_sign(place, moment, request))
    return f"{place.url(key)}?{query}&X-Amz-Signature={signature}"


def signed_headers(
    place: BucketAddress, credentials: Credentials, method: str, key: str, now: datetime
) -> dict[str, str]:
    """Return the headers of a signed request for a key, without a body."""
    moment = now.astimezone(UTC)
    headers = {
        "host": place.host,
        "x-amz-content-sha256": _EMPTY,
        "x-amz-date": _stamp(moment),
    }
    if method == "HEAD" and key:
        headers = dict(sorted({**headers, "x-amz-checksum-mode": "ENABLED"}.items()))
    if credentials.session_token:
        headers["x-amz-security-token"] = credentials.session_token
    names = ";".join(headers)
    lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
    request = f"{method}\n{place.path(key)}\n\n{lines}\n{names}\n{_EMPTY}"
    signature = _sign(place, credentials, moment, _to_sign(place, moment, request))
    credential = f"{credentials.access_key}/{_scope(place, moment)}"
    headers["authorization"] = (
        f"{_ALGORITHM} Credential={credential}, SignedHeaders={names}, Signature={signature}"
    )
    return headers


def _signed_fields(
    place: BucketAddress, credentials: Credentials, moment: datetime
) -> dict[str, str]:
    fields = {
        "x-amz-algorithm": _ALGORITHM,
        "x-amz-credential": f"{credentials.access_key}/{_scope(place, moment)}",
        "x-amz-date": _stamp(moment),
    }
    if credentials.session_token:
        fields["x-amz-security-token"] = credentials.session_token
    return fields


def _to_sign(place: BucketAddress, moment: datetime, request: str) -> str:
    digest = hashlib.sha256(request.encode()).hexdigest()
    return f"{_ALGORITHM}\n{_stamp(moment)}\n{_scope(place, moment)}\n{digest}"


def _stamp(moment: datetime) -> str:
    return f"{moment:%Y%m%dT%H%M%SZ}"


def _scope(place: BucketAddress, moment: datetime) -> str:
    return f"{moment:%Y%m%d}/{place.region}/s3/aws4_request"


def _sign(place: BucketAddress, credentials: Credentials, moment: datetime, text: str) -> str:
    key = f"AWS4{credentials.secret_key}".encode()
    for part in (f"{moment:%Y%m%d}", place.region, "s3", "aws4_request", text):
        key = hmac.digest(key, part.encode(), "sha256")
    return key.hex()
