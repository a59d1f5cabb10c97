"""One object of the store, by HEAD and DELETE, with nothing but the standard library."""

import http.client
import logging
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from typing import TypeVar

from petrec.errors import StorageUnavailableError
from petrec.storage import sigv4
from petrec.storage.credentials import Provider
from petrec.storage.place import BucketAddress

logger = logging.getLogger("petrec.api")
_SLOW_DOWN, _TRIES = 429, 3
_Answer = TypeVar("_Answer")


@dataclass(frozen=True)
class StoredObject:
    """What the store knows of an uploaded object: size in bytes, when it came, its SHA-256."""

    size: int
    content_type: str
    etag: str
    modified: datetime | None = None
    sha256: str | None = None


def head_object(
    place: BucketAddress, credentials: Provider, key: str, timeout_s: float = 5.0
) -> StoredObject | None:
    """Return the object, None where there is none; errors: StorageUnavailableError."""
    return _stored(_asked(place, credentials, "HEAD", key, timeout_s))


def delete_object(
    place: BucketAddress, credentials: Provider, key: str, timeout_s: float = 5.0
) -> None:
    """Delete the object, if there is one; errors: StorageUnavailableError, ObjectRefusedError.

    A bucket with versions keeps the earlier ones, until a rule of the bucket deletes them.
    """
    status = _asked(place, credentials, "DELETE", key, timeout_s).status
    if status not in {200, 204, 404}:
        logger.warning("The object store returned status %d to DELETE", status)
        raise _refusal(status)(hint="the key needs s3:DeleteObject")


def check_bucket(place: BucketAddress, credentials: Provider, timeout_s: float = 5.0) -> None:
    """Check that the store has the bucket; errors: StorageUnavailableError.

    HEAD of an object is a 404 in a bucket that does not exist, as for an object that is gone.
    """
    status = _asked(place, credentials, "HEAD", "", timeout_s).status
    if status == 404:
        raise StorageUnavailableError(
            f"there is no bucket {place.bucket} at {place.host}",
            hint="check bucket, region, endpoint and path_style under [serve.store]",
        )
    if status != 200:
        raise StorageUnavailableError(
            f"the object store returned status {status} for the bucket {place.bucket}",
            hint="the key needs s3:GetObject and s3:ListBucket",
        )


def patiently(ask: Callable[[], _Answer]) -> _Answer:
    """Ask the store; an answer that does not come is asked for again, a refusal is not.

    Errors: StorageUnavailableError, ObjectRefusedError.
    """
    for _ in range(_TRIES - 1):
        try:
            return ask()
        except ObjectRefusedError:
            raise
        except StorageUnavailableError:
            continue
    return ask()


def is_deleted(remove: Callable[[str], None], key: str) -> bool:
    """Delete one file; returns whether it is gone, or refused. Errors: StorageUnavailableError."""
    try:
        patiently(partial(remove, key))
    except ObjectRefusedError:
        return False
    return True


class ObjectRefusedError(StorageUnavailableError):
    """The store answers, but not about this object: its key is too long, or it may not be read."""


def _asked(
    place: BucketAddress, credentials: Provider, method: str, key: str, timeout_s: float
) -> http.client.HTTPResponse:
    """Return the answer to a request for a key, or for the bucket where the key is empty."""
    headers = sigv4.signed_headers(place, credentials(), method, key, datetime.now(UTC))
    try:
        connection = _connect(place, timeout_s)
        try:
            connection.request(method, place.path(key), headers=headers)
            # Its headers stay; a store that closes each connection leaves it to the response.
            with connection.getresponse() as response:
                return response
        finally:
            connection.close()
    except (OSError, http.client.HTTPException) as error:
        logger.warning("The object store does not respond: %s", type(error).__name__)
        raise StorageUnavailableError from error


def _connect(place: BucketAddress, timeout_s: float) -> http.client.HTTPConnection:
    if not place.secure:
        return http.client.HTTPConnection(place.host, timeout=timeout_s)
    context = ssl.create_default_context()
    return http.client.HTTPSConnection(place.host, timeout=timeout_s, context=context)


def _stored(response: http.client.HTTPResponse) -> StoredObject | None:
    if response.status == 404:
        return None
    size = response.getheader("content-length", "")
    if response.status != 200 or not size.isdecimal():
        # S3 returns 403, not 404, to a key that may not list the bucket.
        logger.warning("The object store returned status %d to HEAD", response.status)
        hint = "the key needs s3:GetObject and s3:ListBucket"
        raise _refusal(response.status)(hint=hint)
    etag = response.getheader("etag", "").strip('"')
    kind, modified = response.getheader("content-type", ""), response.getheader("last-modified")
    digest = response.getheader(sigv4.CHECKSUM)
    return StoredObject(int(size), kind, etag, _moment(modified), digest)


def _refusal(status: int) -> type[StorageUnavailableError]:
    """Return the error of a status: the store refuses this object, or is unavailable."""
    refused = 400 <= status < 500 and status != _SLOW_DOWN
    return ObjectRefusedError if refused else StorageUnavailableError


def _moment(header: str | None) -> datetime | None:
    try:
        return parsedate_to_datetime(header) if header else None
    except ValueError:
        return None
