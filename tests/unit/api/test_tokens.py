"""Tokens: what is let in, and what is not, always with the same answer."""

import base64
import json
import logging
import os
import time
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from petrec.api import ApiError
from petrec.api.host.auth import JwksFile, OneKey, Rules, Verifier
from petrec.errors import SettingsError

SECRET = "a-shared-secret-of-more-than-32-bytes!"
HS = Rules(("HS256",), "petrec", "https://login.test", leeway_s=5)
RS = Rules(("RS256",), "petrec")
FIRST, SECOND = (rsa.generate_private_key(65537, 2048) for _ in range(2))


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


@pytest.fixture
def shared() -> Verifier:
    return Verifier(HS, OneKey(SECRET, HS.algorithms))


def test_a_good_token(shared: Verifier) -> None:
    assert shared.claims(signed())["sub"] == "vet-1"
    assert shared.claims(signed(exp=int(time.time()) - 2))


def _part(content: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()


BAD = {
    "expired": lambda: signed(exp=int(time.time()) - 60),
    "not yet": lambda: signed(nbf=int(time.time()) + 600),
    "audience": lambda: signed(aud="other"),
    "issuer": lambda: signed(iss="https://evil.test"),
    "no expiry": lambda: signed(exp=None),
    "no subject": lambda: signed(sub=None),
    "no audience": lambda: signed(aud=None),
    "algorithm": lambda: signed(key=SECRET * 2, algorithm="HS512"),
    "key": lambda: signed(key=SECRET + "x"),
    "none": lambda: f"{_part({'alg': 'none'})}.{_part(claims())}.",
    "None": lambda: f"{_part({'alg': 'None'})}.{_part(claims())}.",
    "odd header": lambda: f"{_part({'alg': ['HS256']})}.{_part(claims())}.x",
    "odd kid": lambda: f"{_part({'alg': 'HS256', 'kid': {}})}.{_part(claims())}.x",
    "list": lambda: f"{_part([1])}.{_part([1])}.x",
    "deep": lambda: "[" * 4000,
    "garbage": lambda: "garbage",
    "unicode": lambda: "ü.ü.ü",
    "long": lambda: "a" * 10_000,
    "empty": lambda: "",
}


@pytest.mark.parametrize("name", BAD)
def test_bad_tokens_are_refused_alike(
    shared: Verifier, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    token = BAD[name]()
    with caplog.at_level(logging.DEBUG):
        error = refused(shared, token)
    assert (error.code, error.details) == ("invalid_token", {})
    assert not token or token not in caplog.text + str(error) + error.reason


def test_a_public_key_is_no_shared_secret() -> None:
    verifier = Verifier(RS, OneKey(pem(FIRST), RS.algorithms))
    assert verifier.claims(signed(FIRST, "RS256"))
    header, body = _part({"alg": "HS256"}), _part(claims())
    import hmac

    mac = hmac.digest(pem(FIRST).encode(), f"{header}.{body}".encode(), "sha256")
    refused(verifier, f"{header}.{body}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}")
    with pytest.raises(SettingsError):
        OneKey(pem(FIRST), ("HS256",))
    with pytest.raises(SettingsError):
        Rules(("HS256", "RS256"), "petrec")
    with pytest.raises(SettingsError):
        Rules(("none",), "petrec")
    with pytest.raises(SettingsError):
        OneKey("short", ("HS256",))


def test_keys_rotate_by_the_file(tmp_path: Path) -> None:
    path = tmp_path / "jwks.json"
    write_jwks(path, one=FIRST)
    verifier = Verifier(RS, JwksFile(path))
    assert verifier.claims(signed(FIRST, "RS256", "one"))
    refused(verifier, signed(SECOND, "RS256", "two"))
    refused(verifier, signed(SECOND, "RS256", "one"))
    write_jwks(path, one=FIRST, two=SECOND)
    assert verifier.claims(signed(FIRST, "RS256", "one"))
    assert verifier.claims(signed(SECOND, "RS256", "two"))
    refused(verifier, signed(SECOND, "RS256"))
    write_jwks(path, two=SECOND)
    refused(verifier, signed(FIRST, "RS256", "one"))
    assert verifier.claims(signed(SECOND, "RS256"))


def test_a_broken_file_keeps_the_former_keys(tmp_path: Path) -> None:
    path = tmp_path / "jwks.json"
    write_jwks(path, one=FIRST)
    verifier = Verifier(RS, JwksFile(path))
    path.write_text("{half")
    assert verifier.claims(signed(FIRST, "RS256", "one"))
    path.unlink()
    assert verifier.claims(signed(FIRST, "RS256", "one"))


# Each beside a good key; none of them may take the good one away.
STRANGE: tuple[Any, ...] = (
    {"kty": "RSA", "alg": ["RS256"], "kid": "l", "n": "AQAB", "e": "AQAB"},
    {"kty": "EC", "alg": {}, "kid": "o", "crv": "P-256", "x": "AA", "y": "AA"},
    {"kty": "AKP", "alg": "ML-DSA-65", "kid": "pq", "pub": "AAAA"},
    {"kty": "OKP", "crv": "X25519", "kid": "x", "x": "A" * 43},
    {"kty": "RSA", "kid": "enc", "alg": "RSA-OAEP", "n": "AQAB", "e": "AQAB"},
    {"kty": "RSA", "kid": "use", "use": "enc", "n": "AQAB", "e": "AQAB"},
    {"kty": "RSA", "kid": "ops", "key_ops": ["encrypt"], "n": "AQAB", "e": "AQAB"},
    {"kty": "RSA", "kid": "empty"},
    {"kty": "RSA", "kid": "types", "n": 5, "e": []},
    {"kty": "EC", "crv": "P-999", "kid": "z", "x": "AA", "y": "AA"},
    {"kty": "EC", "crv": "P-256", "kid": "off", "x": "AA", "y": "AA"},
    {"kty": "EC", "crv": "secp256k1", "kid": "k", "x": "AA", "y": "AA"},
    {"kty": "oct", "kid": "secret", "k": "c2VjcmV0LXNlY3JldA"},
    {"kty": ["RSA"], "kid": "list", "use": ["sig"]},
    {"kid": {"a": 1}},
    {},
    "text",
    None,
)


def test_entries_that_are_not_understood_are_ignored(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "jwks.json"
    write_jwks(path, one=FIRST)
    verifier = Verifier(RS, JwksFile(path))
    write_jwks(path, one=SECOND)
    keys = json.loads(path.read_text())["keys"]
    for strange in STRANGE:
        path.write_text(json.dumps({"keys": [strange, *keys]}))
        caplog.clear()
        assert JwksFile(path).find("RS256", "one") is not None
        assert len(caplog.messages) == 1, strange
        path.write_text(json.dumps({"keys": [strange]}))
        with pytest.raises(SettingsError):
            JwksFile(path)
    assert verifier.claims(signed(FIRST, "RS256", "one")), "nothing usable: the former stay"
    path.write_text(json.dumps({"keys": [*STRANGE, *keys]}))
    caplog.clear()
    assert verifier.claims(signed(SECOND, "RS256", "one"))
    assert len(caplog.messages) == len(STRANGE)
    assert "c2VjcmV0" not in caplog.text
    refused(verifier, signed(FIRST, "RS256", "one"))


@pytest.mark.parametrize("name", ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"])
def test_a_key_without_alg_serves_what_its_type_can(tmp_path: Path, name: str) -> None:
    path = tmp_path / "jwks.json"
    write_jwks(path, one=FIRST)
    (key,) = json.loads(path.read_text())["keys"]
    key.pop("alg", None)
    path.write_text(json.dumps({"keys": [key]}))
    verifier = Verifier(Rules((name,), "petrec"), JwksFile(path))
    assert verifier.claims(signed(FIRST, name, "one"))
    path.write_text(json.dumps({"keys": [key | {"alg": "RS256" if name != "RS256" else "RS384"}]}))
    refused(Verifier(Rules((name,), "petrec"), JwksFile(path)), signed(FIRST, name, "one"))


@pytest.mark.parametrize(
    "text", ["", "[]", '{"keys": []}', '{"keys": [{"kty": "oct", "k": "eA"}]}']
)
def test_an_unusable_file_is_refused_at_the_start(tmp_path: Path, text: str) -> None:
    path = tmp_path / "jwks.json"
    path.write_text(text)
    with pytest.raises(SettingsError):
        JwksFile(path)
    with pytest.raises(SettingsError):
        JwksFile(tmp_path / f"absent-{os.getpid()}")
