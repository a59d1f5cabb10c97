"""Tokens: what is let in, and what is not, always with the same answer."""

import base64
import json
import logging
import time
from pathlib import Path

import pytest

from petrec.api.host.auth import JwksFile, OneKey, Rules, Verifier
from petrec.errors import SettingsError
from tests.plugins.tokens import (
    FIRST,
    HS,
    RS,
    SECOND,
    SECRET,
    claims,
    pem,
    refused,
    signed,
    write_jwks,
)


@pytest.fixture
def shared() -> Verifier:
    return Verifier(HS, OneKey(SECRET, HS.algorithms))


def test_a_good_token_gives_its_claims(shared: Verifier) -> None:
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
    with pytest.raises(SettingsError) as caught:
        OneKey(SECRET, ("RS256",))
    assert 'algorithms = ["HS256"]' in caught.value.hint
    assert SECRET not in str(caught.value)


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
