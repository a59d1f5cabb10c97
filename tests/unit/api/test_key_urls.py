"""Public keys by URL: kept, rotated, and never from somewhere else."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from petrec.api import ApiError
from petrec.api.host.auth import JwksUrl, Verifier, jwks_url
from petrec.errors import SettingsError
from tests.plugins.tokens import FIRST, RS, SECOND, refused, signed, write_jwks


class Issuer:
    """A server of keys that counts what it is asked."""

    def __init__(self, folder: Path) -> None:
        self.file, self.asked, self.status = folder / "jwks.json", 0, 200
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer.asked += 1
                content = issuer.file.read_bytes()
                self.send_response(issuer.status)
                self.send_header("Location", "/other")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/keys"

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def issuer(tmp_path: Path) -> Iterator[Issuer]:
    made = Issuer(tmp_path)
    write_jwks(made.file, one=FIRST)
    yield made
    made.close()


def test_keys_are_read_once_and_rotate(issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
    verifier = Verifier(RS, JwksUrl(issuer.url))
    assert issuer.asked == 0
    for _ in range(3):
        assert verifier.claims(signed(FIRST, "RS256", "one"))
    assert issuer.asked == 1
    write_jwks(issuer.file, two=SECOND)
    for _ in range(3):
        refused(verifier, signed(SECOND, "RS256", "two"))
    assert issuer.asked == 1, "not for each unknown key"
    monkeypatch.setattr(jwks_url, "_PAUSE_S", 0.0)
    assert verifier.claims(signed(SECOND, "RS256", "two"))
    refused(verifier, signed(FIRST, "RS256", "one"))


@pytest.mark.parametrize("status", [302, 404, 500])
def test_an_answer_that_holds_no_keys_leaves_the_former(
    issuer: Issuer, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    monkeypatch.setattr(jwks_url, "_PAUSE_S", 0.0)
    verifier = Verifier(RS, JwksUrl(issuer.url, keep_s=0.0))
    assert verifier.claims(signed(FIRST, "RS256", "one"))
    issuer.status = status
    write_jwks(issuer.file, one=SECOND)
    assert verifier.claims(signed(FIRST, "RS256", "one"))
    issuer.status = 200
    issuer.file.write_text(json.dumps({"keys": []}))
    assert verifier.claims(signed(FIRST, "RS256", "one"))
    assert issuer.asked == 3


def test_without_keys_the_token_is_not_to_blame(issuer: Issuer) -> None:
    issuer.status = 500
    verifier = Verifier(RS, JwksUrl(issuer.url))
    for _ in range(2):
        with pytest.raises(ApiError) as refusal:
            verifier.claims(signed(FIRST, "RS256", "one"))
        assert (refusal.value.status, refusal.value.code) == (503, "keys_unavailable")
    assert issuer.asked == 1


@pytest.mark.parametrize("url", ["http://login.example/jwks", "file:///etc/keys", "jwks", ""])
def test_keys_come_by_https(url: str) -> None:
    with pytest.raises(SettingsError):
        JwksUrl(url)
