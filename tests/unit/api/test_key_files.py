"""A file of public keys: what it may hold, and what is left out."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from petrec.api.host.auth import JwksFile, Rules, Verifier
from petrec.errors import SettingsError
from tests.plugins.tokens import FIRST, RS, SECOND, refused, signed, write_jwks

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
