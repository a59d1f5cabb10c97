"""One entry of a JWKS file: the public key, and the algorithms that it can verify."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

# What a key can verify follows from its type and its curve; `alg` may narrow it.
_RSA = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"})
_CURVES: Mapping[tuple[str, str], frozenset[str]] = {
    ("EC", "P-256"): frozenset({"ES256"}),
    ("EC", "P-384"): frozenset({"ES384"}),
    ("EC", "P-521"): frozenset({"ES512"}),
    ("OKP", "Ed25519"): frozenset({"EdDSA"}),
    ("OKP", "Ed448"): frozenset({"EdDSA"}),
}
_READERS: Mapping[str, Any] = {"RSA": RSAAlgorithm, "EC": ECAlgorithm, "OKP": OKPAlgorithm}


class UnusableKeyError(Exception):
    """Why an entry cannot be used; holds nothing of the key itself."""


@dataclass(frozen=True)
class PublicKey:
    """A key that verifies signatures."""

    kid: str | None
    algorithms: frozenset[str]
    public: Any


def read_entry(entry: Any) -> PublicKey:
    """Return the key of an entry; errors: UnusableKeyError."""
    if not isinstance(entry, dict):
        raise UnusableKeyError("it is not an object")
    kid = entry.get("kid")
    if kid is not None and not isinstance(kid, str):
        raise UnusableKeyError("its kid is not a string")
    _check_purpose(entry)
    algorithms = _algorithms(entry)
    return PublicKey(kid, algorithms, _public(entry))


def _check_purpose(entry: Mapping[str, Any]) -> None:
    if entry.get("use", "sig") != "sig":
        raise UnusableKeyError("its use is not 'sig'")
    operations = entry.get("key_ops")
    if operations is not None and (not isinstance(operations, list) or "verify" not in operations):
        raise UnusableKeyError("its key_ops do not allow it to verify")


def _algorithms(entry: Mapping[str, Any]) -> frozenset[str]:
    kind, curve = entry.get("kty"), entry.get("crv")
    if kind == "oct":
        # Everyone who can read a shared secret among public keys could sign with it.
        raise UnusableKeyError("it is a shared secret, not a public key")
    fitting = _RSA if kind == "RSA" else _CURVES.get((str(kind), str(curve)), frozenset())
    if not fitting:
        raise UnusableKeyError("its type or curve is unknown")
    named = entry.get("alg")
    if named is None:
        return fitting
    if not isinstance(named, str) or named not in fitting:
        raise UnusableKeyError("its alg does not fit its type")
    return frozenset({named})


def _public(entry: Mapping[str, Any]) -> Any:
    try:
        key = _READERS[str(entry["kty"])].from_jwk(dict(entry))
    except (jwt.PyJWTError, UnsupportedAlgorithm, ValueError, TypeError, KeyError) as error:
        raise UnusableKeyError("it cannot be read") from error
    return key.public_key() if hasattr(key, "public_key") else key
