"""Keys that verify: one key, or a JWKS file that is read again when it changes."""

import json
import logging
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import jwt
from jwt.algorithms import get_default_algorithms

from petrec.errors import SettingsError

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
            raise SettingsError(f"the key does not fit the algorithm {name}") from error

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
        """Return the key; without an id only where the file holds one key alone."""
        keys = self._current()
        found = keys.get(kid) if kid else next(iter(keys.values())) if len(keys) == 1 else None
        return found.key if found is not None and found.algorithm_name == algorithm else None

    def _current(self) -> dict[str, jwt.PyJWK]:
        with self._lock:
            mark = self._mark()
            if mark is not None and mark != self._seen:
                self._seen = mark
                try:
                    self._keys = self._read()
                except SettingsError as error:
                    logger.warning("The former keys stay in use: %s", error.reason)
            return self._keys

    def _mark(self) -> tuple[int, int, int] | None:
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino

    def _read(self) -> dict[str, jwt.PyJWK]:
        try:
            listed = json.loads(self.path.read_bytes())["keys"]
            # A shared secret among public keys would let whoever reads the file sign.
            public = [each for each in listed if each.get("kty") != "oct" and usable(each)]
            keys = {each.get("kid", ""): jwt.PyJWK(each) for each in public}
        except (OSError, ValueError, KeyError, TypeError, AttributeError, jwt.PyJWTError) as error:
            raise SettingsError(f"{self.path} is not a readable JWKS file") from error
        if not keys:
            raise SettingsError(f"{self.path} holds no public key that verifies")
        return keys


def usable(entry: dict[str, Any]) -> bool:
    """Say whether an entry of the file is meant for signatures."""
    return str(entry.get("use", "sig")) == "sig"
