"""The host's store, with a bound on how many requests ask it at once.

A store that does not respond would otherwise take every thread there is, one request after the
other. What is signed here needs no answer of the store, and has no bound.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from petrec.api.ports import CheckingStore, ErasingStore, ObjectStore, PresignedGet, PresignedPost
from petrec.errors import StorageUnavailableError
from petrec.storage.objects import StoredObject

# At most 8 threads ask the store and 8 more wait, so that 24 of a process's 40 stay free.
_ASKING = 8
_WAIT_S = 1.0


class BoundedStore:
    """An ObjectStore that refuses a request which would wait too long."""

    def __init__(self, store: ObjectStore) -> None:
        self.store = store
        self._room = threading.Semaphore(2 * _ASKING)
        self._turns = threading.Semaphore(_ASKING)

    @property
    def bucket(self) -> str:
        """Return the bucket's name."""
        return self.store.bucket

    @property
    def expires_s(self) -> int:
        """Return how long an upload form is valid, in seconds."""
        return self.store.expires_s

    @property
    def max_bytes(self) -> int:
        """Return the largest size of an object."""
        return self.store.max_bytes

    @property
    def takes_sha256(self) -> bool:
        """Return whether the host's store checks digests."""
        return isinstance(self.store, CheckingStore) and self.store.takes_sha256

    def presign_post(
        self, key: str, content_type: str, now: datetime, sha256: str | None = None
    ) -> PresignedPost:
        """Return a POST upload form for exactly this key and content type."""
        if sha256 is not None and isinstance(self.store, CheckingStore):
            return self.store.presign_post(key, content_type, now, sha256)
        return self.store.presign_post(key, content_type, now)

    def presign_get(self, key: str, now: datetime) -> PresignedGet:
        """Return an address at which exactly this object can be read."""
        return self.store.presign_get(key, now)

    def head(self, key: str) -> StoredObject | None:
        """Return the object, None where there is none; errors: StorageUnavailableError."""
        with self._place():
            return self.store.head(key)

    @property
    def can_delete(self) -> bool:
        """Return whether the host's store deletes objects."""
        return isinstance(self.store, ErasingStore)

    def delete(self, key: str) -> None:
        """Delete the object, if there is one; errors: StorageUnavailableError."""
        if isinstance(self.store, ErasingStore):
            with self._place():
                self.store.delete(key)

    def url(self, key: str) -> str:
        """Return the object's plain https URL, without a signature."""
        return self.store.url(key)

    def responds(self) -> bool:
        """Return whether the store has the bucket; true for a store that cannot be asked that."""
        check: Any = getattr(self.store, "check", None)
        if check is None:
            return True
        try:
            with self._place():
                check()
        except Exception:  # noqa: BLE001 the store is of the host
            return False
        return True

    @contextmanager
    def _place(self) -> Iterator[None]:
        """Ask the store in the block; errors: StorageUnavailableError if too many do."""
        if not self._room.acquire(blocking=False):
            raise StorageUnavailableError
        try:
            if not self._turns.acquire(timeout=_WAIT_S):
                raise StorageUnavailableError
            try:
                yield
            finally:
                self._turns.release()
        finally:
            self._room.release()
