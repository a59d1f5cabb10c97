"""The ObjectStore on S3, signed by petrec itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from petrec.api.ports import PresignedGet, PresignedPost
from petrec.storage import sigv4
from petrec.storage.credentials import Provider
from petrec.storage.objects import StoredObject, check_bucket, delete_object, head_object
from petrec.storage.place import BucketAddress

# A probe waits for the answer.
_CHECK_S = 0.5


@dataclass(frozen=True)
class S3Store:
    """Signs forms and addresses locally; asks the store only about uploaded objects."""

    place: BucketAddress
    credentials: Provider = field(repr=False)
    expires_s: int = 3600
    max_bytes: int = 100 * 1024 * 1024
    timeout_s: float = 5.0
    listen_s: int = 900
    form_fields: Mapping[str, str] = field(default_factory=dict)

    @property
    def bucket(self) -> str:
        """Return the bucket's name."""
        return self.place.bucket

    @property
    def takes_sha256(self) -> bool:
        """Return whether a form may demand the file of a digest."""
        return True

    def presign_post(
        self, key: str, content_type: str, now: datetime, sha256: str | None = None
    ) -> PresignedPost:
        """Return a POST upload form for exactly this key and type; for this digest, if given."""
        more = self.form_fields if sha256 is None else {**self.form_fields, sigv4.CHECKSUM: sha256}
        upload = sigv4.Upload(key, content_type, self.max_bytes, self.expires_s, more)
        fields = sigv4.form(self.place, self.credentials(), upload, now)
        return PresignedPost(self.place.url(), fields)

    def presign_get(self, key: str, now: datetime) -> PresignedGet:
        """Return an address at which exactly this object can be read."""
        url = sigv4.signed_url(self.place, self.credentials(), key, self.listen_s, now)
        return PresignedGet(url, self.listen_s)

    def head(self, key: str) -> StoredObject | None:
        """Return the object, None where there is none; errors: StorageUnavailableError."""
        return head_object(self.place, self.credentials, key, self.timeout_s)

    def check(self) -> None:
        """Check that the store has the bucket; errors: StorageUnavailableError."""
        check_bucket(self.place, self.credentials, _CHECK_S)

    def delete(self, key: str) -> None:
        """Delete the object, if there is one; errors: StorageUnavailableError."""
        delete_object(self.place, self.credentials, key, self.timeout_s)

    def url(self, key: str) -> str:
        """Return the object's plain URL, without a signature."""
        return self.place.url(key)
