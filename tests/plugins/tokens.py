"""Tokens, the keys that sign them, and the file of public keys."""

import json
import time
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from petrec.api import ApiError
from petrec.api.host.auth import Rules, Verifier

SECRET = "a-shared-secret-of-more-than-32-bytes!"
HS = Rules(("HS256",), "petrec", "https://login.test", leeway_s=5)
RS = Rules(("RS256",), "petrec")


def claims(**changes: Any) -> dict[str, Any]:
    base = {"sub": "vet-1", "aud": "petrec", "iss": "https://login.test"}
    merged = base | {"exp": int(time.time()) + 60} | changes
    return {k: v for k, v in merged.items() if v is not None}


def signed(key: Any = SECRET, algorithm: str = "HS256", kid: str | None = None, **c: Any) -> str:
    headers = {"kid": kid} if kid else None
    return jwt.encode(claims(**c), key, algorithm, headers=headers)


def pem(key: rsa.RSAPrivateKey) -> str:
    return key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    ).decode()  # fmt: skip


def write_jwks(path: Path, **keys: rsa.RSAPrivateKey) -> None:
    listed = [
        json.loads(RSAAlgorithm.to_jwk(key.public_key())) | {"kid": kid, "alg": "RS256"}
        for kid, key in keys.items()
    ]
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps({"keys": listed}))
    fresh.rename(path)


def refused(verifier: Verifier, token: str) -> ApiError:
    with pytest.raises(ApiError) as caught:
        verifier.claims(token)
    assert caught.value.status == 401
    assert caught.value.headers["WWW-Authenticate"].startswith("Bearer")
    return caught.value


FIRST, SECOND = (rsa.generate_private_key(65537, 2048) for _ in range(2))
