"""The log as JSON: one object a line, with the request's id and every extra field."""

import asyncio
import json
import logging
from typing import Any

import pytest

from petrec.api.host.json_log import JsonLines
from petrec.api.http.request_ids import RequestIds, request_id


def line(message: str = "done", **extra: Any) -> dict[str, Any]:
    record = logging.makeLogRecord({"name": "petrec.api", "levelname": "INFO", "msg": message})
    vars(record).update(extra)
    text = JsonLines().format(record)
    assert "\n" not in text
    text.encode()
    said: dict[str, Any] = json.loads(text)
    return said


def ask(*headers: tuple[bytes, bytes]) -> tuple[str | None, dict[bytes, bytes], dict[str, Any]]:
    """Return the id inside of a request, the response's headers, and a line that was logged."""
    inside: list[Any] = []
    sent: list[Any] = []

    async def app(_: Any, __: Any, send: Any) -> None:
        inside.extend((request_id(), line()))
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        raise NotImplementedError

    asyncio.run(RequestIds(app)({"type": "http", "headers": list(headers)}, receive, send))
    return inside[0], dict(sent[0]["headers"]), inside[1]


def test_fields_are_members() -> None:
    said = line("a\nb", recording_id="rec-1", valid_pet_ids=["pet-1"], odd=object)
    assert said.pop("time").endswith("+00:00")
    assert said == {
        "level": "info",
        "logger": "petrec.api",
        "message": "a\nb",
        "recording_id": "rec-1",
        "valid_pet_ids": ["pet-1"],
        "odd": "<class 'object'>",
    }


def test_an_exception_is_one_member() -> None:
    try:
        int("x")
    except ValueError as error:
        said = line(exc_info=(type(error), error, error.__traceback__))
    assert said["exception"].endswith("'x'")


def test_a_given_id_is_kept() -> None:
    known, headers, said = ask((b"x-request-id", b"proxy-7"))
    assert (known, headers[b"x-request-id"], said["request_id"]) == (
        "proxy-7",
        b"proxy-7",
        "proxy-7",
    )
    assert request_id() is None


def test_an_id_that_could_forge_lines_is_replaced() -> None:
    made = {ask((b"x-request-id", bad))[0] for bad in (b"", b"a\nb", b"x" * 129, b'"', b"a b")}
    assert len({ask()[0], *made}) == 6
    assert all(one and one.isalnum() for one in made)


@pytest.mark.parametrize(
    "odd",
    [float("nan"), {("a", 1): 2}, "\ud800", "a\u2028b", b"\xff", {"deep": [object]}, 10**400],
)
def test_no_field_breaks_the_line(odd: Any) -> None:
    said = line("café", odd=odd, level="forged", request_id="forged")
    assert (said["message"], said["level"]) == ("café", "info")
    assert "odd" in said


def test_a_loop_is_written_as_text() -> None:
    loop: dict[str, Any] = {}
    loop["self"] = loop
    assert line(odd=loop)["odd"] == "{'self': {...}}"
