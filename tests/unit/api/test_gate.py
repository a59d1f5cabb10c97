"""So many requests run, so many wait, the rest are refused at once; bodies come first."""

import asyncio
import json
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from petrec.api.http.gate import Capacity, RequestGate

START: Message = {"type": "http.response.start", "status": 200, "headers": []}


class Held:
    """An application whose requests run until the test lets them answer, and then still send."""

    def __init__(self) -> None:
        self.running: list[str] = []
        self.may_answer, self.may_end = asyncio.Event(), asyncio.Event()
        self.bodies: list[bytes] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.running.append(scope["path"])
        if scope["headers"]:
            self.bodies.append((await receive())["body"])
        await self.may_answer.wait()
        await send(START)
        await self.may_end.wait()


async def ask(
    gate: RequestGate, path: str, *parts: bytes, length: bytes = b"", ends: bool = True
) -> dict[str, Any]:
    """Return status, headers and body of the response to a request, whose body may never end."""
    sent: list[Message] = []
    left = list(parts)

    async def receive() -> Message:
        if not left:
            await asyncio.Event().wait()
        return {"type": "http.request", "body": left.pop(0), "more_body": not ends}

    async def send(message: Message) -> None:
        sent.append(message)

    headers = [(b"content-length", length)] if parts else []
    await gate({"type": "http", "path": path, "headers": headers}, receive, send)
    body = sent[1]["body"] if len(sent) > 1 else b"null"
    return {"status": sent[0]["status"], "headers": dict(sent[0]["headers"]),
            "body": json.loads(body)}  # fmt: skip


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def test_those_beyond_the_queue_are_refused() -> None:
    async def run() -> None:
        app = Held()
        gate = RequestGate(app, Capacity(running=2, waiting=1), always=["/live"])
        asked = [asyncio.create_task(ask(gate, f"/{number}")) for number in range(3)]
        await settled()
        assert app.running == ["/0", "/1"]
        refused = await ask(gate, "/3")
        assert (refused["status"], refused["body"]["error_code"]) == (503, "server_busy")
        assert refused["headers"][b"retry-after"] == b"1"
        probe = asyncio.create_task(ask(gate, "/live/"))
        await settled()
        assert app.running[2:] == ["/live/"]
        # A place is free when a response starts, though its reader is slow.
        app.may_answer.set()
        await settled()
        assert app.running[3:] == ["/2"]
        app.may_end.set()
        assert [one["status"] for one in await asyncio.gather(*asked, probe)] == [200] * 4

    asyncio.run(run())


@pytest.mark.parametrize("ends_by", ["time", "cancel"])
def test_who_gives_up_takes_no_place(ends_by: str) -> None:
    async def run() -> None:
        app = Held()
        wait_s = 0.01 if ends_by == "time" else 60
        gate = RequestGate(app, Capacity(running=1, waiting=5, wait_s=wait_s))
        first = asyncio.create_task(ask(gate, "/first"))
        await settled()
        late = asyncio.create_task(ask(gate, "/late"))
        await settled()
        if ends_by == "time":
            assert (await late)["body"]["error_code"] == "server_busy"
        else:
            late.cancel()
            with pytest.raises(asyncio.CancelledError):
                await late
        app.may_answer.set()
        app.may_end.set()
        await first
        assert (await ask(gate, "/next"))["status"] == 200
        assert app.running == ["/first", "/next"]

    asyncio.run(run())


@pytest.mark.parametrize("ends_by", ["time", "cancel"])
def test_who_has_given_up_waits_no_more(ends_by: str) -> None:
    async def run() -> None:
        app = Held()
        wait_s = 0.01 if ends_by == "time" else 60
        gate = RequestGate(app, Capacity(running=1, waiting=1, wait_s=wait_s))
        first = asyncio.create_task(ask(gate, "/first"))
        await settled()
        late = asyncio.create_task(ask(gate, "/late"))
        await settled()
        if ends_by == "cancel":
            late.cancel()
        await asyncio.gather(late, return_exceptions=True)
        gate.capacity = Capacity(running=1, waiting=1, wait_s=60)
        following = asyncio.create_task(ask(gate, "/next"))
        await settled()
        app.may_answer.set()
        app.may_end.set()
        assert [one["status"] for one in await asyncio.gather(first, following)] == [200, 200]

    asyncio.run(run())


def test_probes_never_wait_unless_named_otherwise() -> None:
    async def run() -> None:
        app = Held()
        gate = RequestGate(app, Capacity(running=1, waiting=0))
        asked = [asyncio.create_task(ask(gate, "/first"))]
        await settled()
        for path in ("/api/v1/health", "/api/v1/live", "/api/v1/ready"):
            asked.append(asyncio.create_task(ask(gate, path)))
        await settled()
        assert len(app.running) == len(asked)
        app.may_answer.set()
        app.may_end.set()
        assert {one["status"] for one in await asyncio.gather(*asked)} == {200}

    asyncio.run(run())


def test_a_place_that_comes_with_the_end_of_the_wait_is_passed_on() -> None:
    async def run() -> None:
        app = Held()
        gate = RequestGate(app, Capacity(running=1, waiting=5, wait_s=60))
        first = asyncio.create_task(ask(gate, "/first"))
        await settled()
        late = asyncio.create_task(ask(gate, "/late"))
        await settled()
        app.may_answer.set()
        app.may_end.set()
        await first
        late.cancel()
        await asyncio.gather(late, return_exceptions=True)
        assert (await ask(gate, "/next"))["status"] == 200

    asyncio.run(run())


def test_a_body_that_does_not_arrive_takes_no_place() -> None:
    async def run() -> None:
        app = Held()
        gate = RequestGate(app, Capacity(running=1, waiting=0, body_s=0.05))
        for length in (b"9", b"00000500"):
            slow = await ask(gate, "/slow", b"a", b"b", length=length, ends=False)
            assert (slow["status"], slow["body"]["error_code"]) == (408, "request_timeout")
            assert slow["headers"][b"connection"] == b"close"
        app.may_answer.set()
        app.may_end.set()
        assert (await ask(gate, "/whole", b"whole", length=b"5"))["status"] == 200
        assert app.bodies == [b"whole"]
        # What is announced as too large is not read here: the route refuses it.
        await ask(gate, "/large", b"start", length=b"1000000")
        assert app.bodies == [b"whole", b"start"]

    asyncio.run(run())
