"""Pages of other origins: only those that are named may read an answer, and none by a cookie."""

import json
from collections.abc import Callable, Iterator

import pytest
from fastapi import FastAPI

from petrec.api.host.origins import allow_origins
from petrec.errors import SettingsError
from tests.plugins.api import Client
from tests.plugins.command import ROOT

PAGE = "https://app.example"


Ask = Callable[..., Client]


def pets() -> list[str]:
    return []


@pytest.fixture
def client() -> Iterator[Ask]:
    made: list[Client] = []

    def make(*origins: str) -> Client:
        app = FastAPI()
        app.get("/pets")(pets)
        allow_origins(app, origins)
        made.append(Client(app, {}))
        return made[-1]

    yield make
    for each in made:
        each.close()


def preflight(asked: Client, origin: str) -> dict[str, str]:
    """Return the CORS headers of the answer to what a browser asks first."""
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization, idempotency-key",
    }
    answer = asked.request("OPTIONS", "/pets", headers=headers)
    return {n: v for n, v in answer.headers.items() if n.startswith("access-control")}


def test_a_named_page_may_send_its_token_and_no_cookie(client: Ask) -> None:
    allowed = preflight(client(PAGE), PAGE)
    assert allowed["access-control-allow-origin"] == PAGE
    assert "authorization" in allowed["access-control-allow-headers"].lower()
    assert "access-control-allow-credentials" not in allowed


def test_a_page_reads_every_header_that_the_document_names(client: Ask) -> None:
    document = json.loads((ROOT / "docs" / "openapi.json").read_text(encoding="utf-8"))
    answers = [
        answer
        for operations in document["paths"].values()
        for operation in operations.values()
        for answer in operation["responses"].values()
    ]
    named = {name for answer in answers for name in answer.get("headers", ())}
    answer = client(PAGE).get("/pets", headers={"Origin": PAGE})
    read = set(answer.headers["access-control-expose-headers"].split(", "))
    # The document describes neither: both come with answers of many kinds.
    assert read == named | {"Link", "Retry-After", "X-Request-ID"}
    assert {"ETag", "X-Next-Cursor", "X-Petrec-Withheld"} <= named


@pytest.mark.parametrize("origin", ["https://evil.example", "https://app.example.evil", "null"])
def test_no_other_page_may_read_an_answer(client: Ask, origin: str) -> None:
    assert "access-control-allow-origin" not in preflight(client(PAGE), origin)
    answer = client(PAGE).get("/pets", headers={"Origin": origin})
    assert "access-control-allow-origin" not in answer.headers


def test_without_origins_nothing_is_added(client: Ask) -> None:
    assert preflight(client(), PAGE) == {}
    assert "vary" not in client().get("/pets", headers={"Origin": PAGE}).headers


@pytest.mark.parametrize("wrong", ["*", "app.example", "https://app.example/", "https://A.example"])
def test_what_is_no_origin_is_refused(client: Ask, wrong: str) -> None:
    with pytest.raises(SettingsError, match="is not the origin of a page"):
        client(PAGE, wrong)
