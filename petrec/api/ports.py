"""Interfaces for what the host provides, each with one default implementation."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable

from petrec.storage.objects import StoredObject


@dataclass(frozen=True)
class Actor:
    """The caller: the user's id as in the database, the role, and what the policy uses."""

    user_id: str
    role: str
    practice_id: str | None = None
    owner_id: str | None = None


@dataclass(frozen=True)
class PresignedPost:
    """Where and how a client uploads one object; `fields` hold the signature, never log them."""

    url: str
    fields: Mapping[str, str]


@dataclass(frozen=True)
class PresignedGet:
    """Where one object can be read for a while, without further proof; never log it."""

    url: str
    expires_s: int


@runtime_checkable
class ErasingStore(Protocol):
    """What a host's store does besides, where recordings may be deleted."""

    @property
    def bucket(self) -> str:
        """Return the bucket's name."""

    def delete(self, key: str) -> None:
        """Delete the object, if there is one; errors: StorageUnavailableError."""


@runtime_checkable
class CheckingStore(Protocol):
    """What a host's store does besides, where clients announce the digest of their file."""

    @property
    def takes_sha256(self) -> bool:
        """Return true: a form may demand the file of a digest."""

    def presign_post(
        self, key: str, content_type: str, now: datetime, sha256: str | None = None
    ) -> PresignedPost:
        """Return a form that takes the file of this SHA-256 alone, in base64."""


class ObjectStore(Protocol):
    """Presigns uploads, verifies them, and presigns downloads."""

    @property
    def bucket(self) -> str:
        """Return the bucket's name."""

    @property
    def expires_s(self) -> int:
        """Return how long an upload form is valid, in seconds."""

    @property
    def max_bytes(self) -> int:
        """Return the largest size of an object."""

    def presign_post(self, key: str, content_type: str, now: datetime) -> PresignedPost:
        """Return a POST upload form for exactly this key and content type."""

    def presign_get(self, key: str, now: datetime) -> PresignedGet:
        """Return an address at which exactly this object can be read."""

    def head(self, key: str) -> StoredObject | None:
        """Return the object, None where there is none; errors: StorageUnavailableError."""

    def url(self, key: str) -> str:
        """Return the object's plain https URL, without a signature."""
