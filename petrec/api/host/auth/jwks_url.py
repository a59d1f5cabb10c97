"""Public keys by URL: read when they are needed, and again when a token names an unknown one."""

import logging
import threading
import time
from http.client import HTTPException
from typing import Any
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, build_opener

from petrec.api.host.auth.jwk import PublicKey
from petrec.api.host.auth.keys import fitting, usable_keys
from petrec.api.http.errors import unavailable
from petrec.errors import SettingsError

logger = logging.getLogger("petrec.api")

_MOST_BYTES = 256 * 1024
_TIMEOUT_S = 5.0
# Tokens with forged key ids must not make a request each.
_PAUSE_S = 10.0
_HERE = ("localhost", "127.0.0.1", "::1")


class _NoRedirects(HTTPRedirectHandler):
    """Keys come from the address that was configured, not from where it points."""

    def redirect_request(self, *_: Any) -> None:
        return None


class JwksUrl:
    """Keys that are kept for a while; if they cannot be read again, the former stay in use."""

    def __init__(self, url: str, keep_s: float = 600.0) -> None:
        """Connect to nothing yet; errors: SettingsError for a URL that anyone could answer for."""
        parts = urlsplit(url)
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _HERE):
            raise SettingsError("jwks_url is not an https URL")
        self.url = url
        self.keep_s = keep_s
        self._opener = build_opener(_NoRedirects)
        self._lock = threading.Lock()
        self._keys: tuple[PublicKey, ...] = ()
        self._tried_at = float("-inf")

    def find(self, algorithm: str, kid: str | None) -> Any | None:
        """Return the key; errors: ApiError 503 while no keys could ever be read."""
        found = fitting(self._keys, algorithm, kid)
        age = time.monotonic() - self._tried_at
        if age > (self.keep_s if found is not None else _PAUSE_S):
            self._refresh(age)
            found = fitting(self._keys, algorithm, kid)
        if not self._keys:
            raise unavailable("keys_unavailable", "Tokens cannot be verified now; try again")
        return found

    def _refresh(self, age: float) -> None:
        # Only the first requests wait; with keys at hand the others continue.
        if not self._lock.acquire(blocking=not self._keys):
            return
        try:
            if time.monotonic() - self._tried_at >= age:
                self._read()
        finally:
            self._lock.release()

    def _read(self) -> None:
        self._tried_at = time.monotonic()
        try:
            with self._opener.open(self.url, timeout=_TIMEOUT_S) as response:
                self._keys = usable_keys(response.read(_MOST_BYTES), self.url)
        except (URLError, OSError, HTTPException, SettingsError) as error:
            logger.warning("The keys at %s cannot be read: %s", self.url, type(error).__name__)
