"""A client that sends a request byte by byte does not keep its connection, by real sockets."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from petrec.api.host.protocol import HeadTime, TimedConfig
from petrec.api.http.gate import Capacity, RequestGate

HEAD = b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n"


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with the body, after a while that is longer than a head may take."""
    body = (await receive())["body"]
    await asyncio.sleep(0.4)
    length = str(len(body)).encode()
    head = [(b"content-length", length)]
    await send({"type": "http.response.start", "status": 200, "headers": head})
    await send({"type": "http.response.body", "body": body})


@contextmanager
def serving(listening: socket.socket) -> Iterator[None]:
    app = RequestGate(echo, Capacity(body_s=0.3))
    config = TimedConfig(app, head=HeadTime(0.2), log_config=None, lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(30)


@pytest.fixture(scope="module")
def address() -> Iterator[tuple[str, int]]:
    with socket.create_server(("127.0.0.1", 0)) as listening, serving(listening):
        yield listening.getsockname()


def dribble(address: tuple[str, int], first: bytes, rest: bytes) -> bytes:
    """Send the first part, then a byte now and then; return what the server says until it ends."""
    heard = b""
    with socket.create_connection(address) as client:
        client.settimeout(0.05)
        client.sendall(first)
        for byte in rest * 1_000:
            try:
                part = client.recv(1_000)
            except TimeoutError:
                part = None
            except ConnectionError:
                part = b""
            if part == b"":
                return heard
            heard += part or b""
            with suppress(OSError):
                client.sendall(bytes([byte]))
    raise AssertionError("the server kept the connection")


@pytest.mark.parametrize(
    ("first", "rest"),
    [(b"", b"G"), (b"GET / HTTP/1.1\r\nHost: a\r\n", b"X-A: b\r\n"), (b"", b"\r\n")],
)
def test_a_head_has_its_time(address: tuple[str, int], first: bytes, rest: bytes) -> None:
    assert b"200" not in dribble(address, first, rest)


def test_a_silent_connection_ends(address: tuple[str, int]) -> None:
    with socket.create_connection(address) as client:
        client.settimeout(30)
        assert client.recv(10) == b""


def test_a_slow_body_is_refused_and_the_connection_ends(address: tuple[str, int]) -> None:
    heard = dribble(address, HEAD.replace(b"5", b"5000"), b"x")
    assert b"408" in heard.partition(b"\r\n")[0]
    assert b'"error_code":"request_timeout"' in heard


def test_a_request_that_runs_is_not_late() -> None:
    """The first has arrived before the server looks for it, so that it cannot be late."""
    with (
        socket.create_server(("127.0.0.1", 0)) as listening,
        socket.create_connection(listening.getsockname(), 30) as client,
    ):
        client.sendall(HEAD + b"whole")
        with serving(listening):
            assert response(client).startswith(b"HTTP/1.1 200")
            client.sendall(HEAD + b"whole")
            assert response(client).startswith(b"HTTP/1.1 200")


def response(client: socket.socket) -> bytes:
    heard = b""
    while not heard.endswith(b"whole"):
        part = client.recv(1_000)
        assert part, "the server has ended the connection"
        heard += part
    return heard
