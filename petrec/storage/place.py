"""Where a bucket is: its address by host name or by path."""

import re
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import quote, urlsplit

from petrec.errors import SettingsError

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_PLAIN = re.compile(r"[A-Za-z0-9/_.~-]+")
_REGION = re.compile(r"[a-z0-9-]{1,40}")


@dataclass(frozen=True)
class BucketAddress:
    """A bucket in a region; `endpoint` for stores other than AWS, such as https://s3.clinic.example."""

    bucket: str
    region: str = "us-east-1"
    endpoint: str | None = None
    path_style: bool = False

    def __post_init__(self) -> None:
        if not _BUCKET.fullmatch(self.bucket):
            raise SettingsError(f"{self.bucket!r} is not a valid bucket name")
        if not _REGION.fullmatch(self.region):
            raise SettingsError(f"{self.region!r} is not a valid region name")
        parts = urlsplit(self.endpoint or "https://s3.example")
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise SettingsError("the endpoint is not an http or https URL")
        if parts.username or parts.path.strip("/") or parts.query or parts.fragment:
            raise SettingsError("the endpoint must be scheme, host and port only")

    @property
    def _by_path(self) -> bool:
        # A wildcard certificate covers one label, so a dotted bucket has no valid host name.
        return self.path_style or "." in self.bucket

    @property
    def secure(self) -> bool:
        """Return whether the address is https."""
        return (self.endpoint or "https:").startswith("https:")

    @cached_property
    def host(self) -> str:
        """Return the host, with its port where it is not the scheme's own."""
        base = f"s3.{self.region}.amazonaws.com"
        if self.endpoint is not None:
            base = urlsplit(self.endpoint).netloc
        return base if self._by_path else f"{self.bucket}.{base}"

    def path(self, key: str = "") -> str:
        """Return the encoded path of a key, or of the bucket."""
        start = f"/{self.bucket}" if self._by_path else ""
        if not key:
            return start or "/"
        return f"{start}/{key if _PLAIN.fullmatch(key) else quote(key, safe='/-_.~')}"

    def url(self, key: str = "") -> str:
        """Return the address of a key, or of the bucket, without a signature."""
        return f"{'https' if self.secure else 'http'}://{self.host}{self.path(key)}"
