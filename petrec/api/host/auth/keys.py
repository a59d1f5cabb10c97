"""Keys that verify: one key, or a JWKS file that is read again when it changes."""

import json
import logging
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import jwt
from jwt.algorithms import get_default_algorithms

from petrec.api.host.auth.jwk import PublicKey, UnusableKeyError, read_entry
from petrec.errors import SettingsError
from petrec.files import decode_text

logger = logging.getLogger("petrec.api")

SHARED = frozenset({"HS256", "HS384", "HS512"})
_SHORTEST = {"HS256": 32, "HS384": 48, "HS512": 64}


class KeySource(Protocol):
    """Finds the key for a token's header."""

    def find(self, algorithm: str, kid: str | None) -> Any | None:
        """Return the key, None where there is none for this algorithm and key id."""


@dataclass(frozen=True)
class OneKey:
    """One shared secret or one PEM public key; each algorithm is checked against its kind."""

    text: str = field(repr=False)
    algorithms: tuple[str, ...]

    def __post_init__(self) -> None:
        for name in self.algorithms:
            if len(self.text.encode()) < _SHORTEST.get(name, 0):
                raise SettingsError(f"the key is too short for {name}")
            self._load(name)

    def _load(self, name: str) -> Any:
        try:
            return get_default_algorithms()[name].prepare_key(self.text)
        except (jwt.InvalidKeyError, ValueError, TypeError) as error:
            raise SettingsError(
                f"the key does not fit the algorithm {name}",
                hint='a shared secret needs algorithms = ["HS256"] under [serve.token]; a public '
                "key begins with -----BEGIN PUBLIC KEY-----",
            ) from error

    def find(self, algorithm: str, kid: str | None) -> Any | None:  # noqa: ARG002 one for all ids
        """Return the key."""
        return self.text if algorithm in self.algorithms else None


class JwksFile:
    """Public keys by their id; keys rotate by replacing the file."""

    def __init__(self, path: Path) -> None:
        """Read the file; errors: SettingsError."""
        self.path = path
        self._lock = threading.Lock()
        self._seen, self._keys = self._mark(), self._read()

    def find(self, algorithm: str, kid: str | None) -> Any | None:
        """Return the key; a token without a key id needs a file with exactly one key."""
        return fitting(self._current(), algorithm, kid)

    def _current(self) -> tuple[PublicKey, ...]:
        with self._lock:
            mark = self._mark()
            if mark is not None and mark != self._seen:
                self._seen = mark
                try:
                    self._keys = self._read()
                except SettingsError as error:
                    logger.warning("The previous keys stay in use: %s", error.reason)
            return self._keys

    def _mark(self) -> tuple[int, int, int] | None:
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino

    def _read(self) -> tuple[PublicKey, ...]:
        try:
            return usable_keys(self.path.read_bytes(), str(self.path))
        except OSError as error:
            raise SettingsError(f"{self.path} is not a readable JWKS file") from error


def fitting(keys: tuple[PublicKey, ...], algorithm: str, kid: str | None) -> Any | None:
    """Return the key for an algorithm; without a key id only where there is exactly one key."""
    named = [key for key in keys if key.kid == kid] if kid else keys if len(keys) == 1 else []
    return next((key.public for key in named if algorithm in key.algorithms), None)


def usable_keys(content: bytes, origin: str) -> tuple[PublicKey, ...]:
    """Return the keys of a JWKS; errors: SettingsError where none can be used."""
    try:
        listed = json.loads(decode_text(content))["keys"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise SettingsError(f"{origin} is not a readable JWKS file") from error
    found = [_entry(each, origin) for each in listed] if isinstance(listed, list) else []
    keys = tuple(key for key in found if key is not None)
    if not keys:
        raise SettingsError(f"{origin} holds no usable public key")
    return keys


def _entry(entry: Any, origin: str) -> PublicKey | None:
    """Return the key of an entry, None where petrec cannot use it (RFC 7517, section 5)."""
    try:
        return read_entry(entry)
    except UnusableKeyError as error:
        kid = entry.get("kid") if isinstance(entry, dict) else None
        logger.warning("Ignored a key of %s, kid %.100r: %s", origin, kid, error)
    return None
