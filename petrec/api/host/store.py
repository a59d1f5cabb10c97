"""The ObjectStore on S3, with nothing but the standard library."""

import http.client
import logging
import ssl
from dataclasses import dataclass, field
from datetime import UTC, datetime

from petrec.api.ports import PresignedGet, PresignedPost, StoredObject
from petrec.errors import StorageUnavailableError
from petrec.storage import sigv4
from petrec.storage.credentials import Provider
from petrec.storage.place import BucketAddress

logger = logging.getLogger("petrec.api")


@dataclass(frozen=True)
class S3Store:
    """Signs forms and addresses locally; asks the store only about uploaded objects."""

    place: BucketAddress
    credentials: Provider = field(repr=False)
    expires_s: int = 3600
    max_bytes: int = 100 * 1024 * 1024
    timeout_s: float = 5.0
    listen_s: int = 900

    @property
    def bucket(self) -> str:
        """Return the bucket's name."""
        return self.place.bucket

    def presign_post(self, key: str, content_type: str, now: datetime) -> PresignedPost:
        """Return a POST upload form for exactly this key and content type."""
        upload = sigv4.Upload(key, content_type, self.max_bytes, self.expires_s)
        fields = sigv4.form(self.place, self.credentials(), upload, now)
        return PresignedPost(self.place.url(), fields)

    def presign_get(self, key: str, now: datetime) -> PresignedGet:
        """Return an address at which exactly this object can be read."""
        url = sigv4.signed_url(self.place, self.credentials(), key, self.listen_s, now)
        return PresignedGet(url, self.listen_s)

    def head(self, key: str) -> StoredObject | None:
        """Return the object, None where there is none; errors: StorageUnavailableError."""
        headers = sigv4.head_headers(self.place, self.credentials(), key, datetime.now(UTC))
        try:
            return self._head(key, headers)
        except (OSError, http.client.HTTPException) as error:
            logger.warning("The object store does not respond: %s", type(error).__name__)
            raise StorageUnavailableError from error

    def url(self, key: str) -> str:
        """Return the object's plain URL, without a signature."""
        return self.place.url(key)

    def _head(self, key: str, headers: dict[str, str]) -> StoredObject | None:
        connection = self._connect()
        try:
            connection.request("HEAD", self.place.path(key), headers=headers)
            return _stored(connection.getresponse())
        finally:
            connection.close()

    def _connect(self) -> http.client.HTTPConnection:
        if not self.place.secure:
            return http.client.HTTPConnection(self.place.host, timeout=self.timeout_s)
        context = ssl.create_default_context()
        return http.client.HTTPSConnection(self.place.host, timeout=self.timeout_s, context=context)


def _stored(response: http.client.HTTPResponse) -> StoredObject | None:
    if response.status == 404:
        return None
    size = response.getheader("content-length", "")
    if response.status != 200 or not size.isdecimal():
        # S3 returns 403, not 404, to a key that may not list the bucket.
        logger.warning("The object store returned status %d to HEAD", response.status)
        raise StorageUnavailableError(hint="the key needs s3:GetObject and s3:ListBucket")
    etag = response.getheader("etag", "").strip('"')
    return StoredObject(int(size), response.getheader("content-type", ""), etag)
