"""What a served review answers to requests that its page does not send."""

from typing import Any, cast

import msgspec
import pytest

from petrec.cli.review.serve import _announce
from petrec.features.review.served.guard import Guard
from tests.plugins.served import Served, decision_of


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Host": "evil.example:{port}"}, 403),
        ({"Host": "127.0.0.1:1"}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://[x"}, 403),
        ({"Cookie": ""}, 401),
    ],
)
def test_only_a_browser_with_the_key_is_answered(
    headers: dict[str, str], status: int, only_served: Served
) -> None:
    sent = {name: text.format(port=only_served.guard.port) for name, text in headers.items()}
    asked = only_served.client.build_request("POST", "/look", json={"client": "a"}, headers=sent)
    assert only_served.client.send(asked).status_code == status


def test_the_key_opens_the_page_and_nothing_else_does(only_served: Served) -> None:
    client = only_served.client
    page = client.get("/")
    assert page.headers["content-security-policy"] == "frame-ancestors 'none'"
    pets = page.text.split('id="pets">\n')[1].split("</script>", maxsplit=1)[0].splitlines()
    assert len(pets) > 2  # It searches them as a file does.
    cookie = client.get("/", params={"token": only_served.guard.token}).headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert only_served.guard.token not in cookie
    for wrong in ("", "x", only_served.guard.token + "x"):
        answer = client.get("/", params={"token": wrong}, headers={"Cookie": ""})
        assert answer.status_code == 401
        assert "recording_id" not in answer.text
    long = client.post("/decide", content=b"x" * 70_000)
    assert long.status_code == 413
    deep = client.post("/decide", content=b'{"decision":' + b"[" * 9_000 + b"]" * 9_000 + b"}")
    assert deep.status_code == 400


@pytest.mark.parametrize(("host", "told"), [("0.0.0.0", 1), ("127.0.0.1", 0), ("10.1.2.3", 0)])
def test_who_listens_everywhere_is_told_how_others_come(
    host: str, told: int, capsys: pytest.CaptureFixture[str]
) -> None:
    _announce(Guard(host, 8765), 3, "clinic")
    assert capsys.readouterr().err.count("with the name of this machine") == told


@pytest.fixture(scope="module")
def decision(only_served: Served) -> dict[str, Any]:
    """A decision as the page sends it."""
    case = only_served.cases("missing_ambiguous")[0]
    sent = msgspec.to_builtins(decision_of(case, case.candidates[0]))
    return cast("dict[str, Any]", sent)


@pytest.mark.parametrize("odd", ["\0", "a\0b", "rec-1", "x" * 30_000, "-1", "9" * 400, "'", "猫"])
def test_what_is_no_id_of_a_recording_is_the_requests_fault(
    only_served: Served, decision: dict[str, Any], odd: str
) -> None:
    for path, body in (
        ("/look", {"client": "a", "recording_id": odd, "state": "open"}),
        ("/undo", {"recording_id": odd, "reviewer": "Kim", "run": 1}),
        ("/undo", {"recording_id": odd, "reviewer": "\0", "run": 10**18}),
        ("/decide", {"decision": decision | {"recording_id": odd}}),
    ):
        answer = only_served.client.post(path, json=body)
        assert (answer.status_code, answer.json().get("problem")) == (400, "request"), answer.text


@pytest.mark.few(6)
@pytest.mark.parametrize("field", ["pet_id", "appointment_id", "state", "reviewer", "note", "kind"])
@pytest.mark.parametrize("odd", ["\0", "x" * 30_000, "猫"])
def test_an_odd_value_of_a_decision_is_never_the_servers_fault(
    only_served: Served, decision: dict[str, Any], field: str, odd: str
) -> None:
    # With an unknown state nothing is written, whatever else is right.
    body = {"decision": decision | {"state": "old"} | {field: odd}}
    answer = only_served.client.post("/decide", json=body)
    assert answer.status_code in {200, 400}, answer.text
