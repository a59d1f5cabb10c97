"""An object store in memory: the port's contract, nothing of S3."""

from datetime import datetime

from petrec.api import PresignedGet, PresignedPost, StoredObject
from petrec.errors import StorageUnavailableError


class MemoryStore:
    """Holds objects that a test puts there."""

    bucket = "clinic-recordings"
    expires_s = 3600
    max_bytes = 104_857_600

    def __init__(self) -> None:
        self.objects: dict[str, StoredObject] = {}
        self.down = False

    def presign_post(self, key: str, content_type: str, now: datetime) -> PresignedPost:
        fields = {
            "key": key,
            "Content-Type": content_type,
            "policy": f"policy-{now.isoformat()}",
            "x-amz-signature": "s3cr3t-signature",
        }
        return PresignedPost(f"https://{self.bucket}.s3.test/", fields)

    def presign_get(self, key: str, now: datetime) -> PresignedGet:
        return PresignedGet(
            f"{self.url(key)}?X-Amz-Date={now:%Y%m%dT%H%M%SZ}&X-Amz-Signature=s3cr3t-signature", 900
        )

    def head(self, key: str) -> StoredObject | None:
        if self.down:
            raise StorageUnavailableError
        return self.objects.get(key)

    def delete(self, key: str) -> None:
        if self.down:
            raise StorageUnavailableError
        self.objects.pop(key, None)

    def url(self, key: str) -> str:
        return f"https://{self.bucket}.s3.test/{key}"
