"""One event sent to one webhook: slow answers, cuts and ports."""

import socket
import time
from threading import Event, Thread
from typing import Any
from urllib.parse import urlsplit

import pytest

from petrec.features.outbox import send
from petrec.features.outbox.webhook import Webhook
from tests.plugins.receiver import Receiver


def test_an_answer_in_drops_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(send, "_WHOLE_S", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip() -> None:
            connection, _ = server.accept()
            ended = Event()
            with connection:
                connection.sendall(b"HTTP/1.1 200 OK\r\nX-Drop: ")
                try:
                    while not ended.wait(0.05):
                        connection.sendall(b"a")
                except OSError:
                    pass

        thread = Thread(target=drip)
        thread.start()
        url = urlsplit(f"http://127.0.0.1:{server.getsockname()[1]}/")
        attempt = send.send(Webhook("a", url, (b"x" * 32,)), "id", "{}")
        thread.join()
    assert attempt.failure == "no answer in time"


def test_a_slow_answer_counts_and_none_does_not(
    monkeypatch: pytest.MonkeyPatch, receiver: Receiver
) -> None:
    monkeypatch.setattr(send, "_CONNECT_S", 0.2)
    webhook = Webhook("a", urlsplit(receiver.url), (b"x" * 32,))
    receiver.answer = lambda _: 503 if receiver.going.wait(0.5) else 200
    assert send.send(webhook, "id", "{}").failure == ""
    monkeypatch.setattr(send, "_WHOLE_S", 0.3)
    assert send.send(webhook, "id", "{}").failure == "no answer in time"


def test_what_is_cut_before_there_is_a_socket_sends_nothing(
    monkeypatch: pytest.MonkeyPatch, receiver: Receiver
) -> None:
    connect = socket.create_connection

    def late(*given: Any, **more: Any) -> socket.socket:
        time.sleep(0.2)
        return connect(*given, **more)

    monkeypatch.setattr(send, "_WHOLE_S", 0.05)
    monkeypatch.setattr(socket, "create_connection", late)
    webhook = Webhook("a", urlsplit(receiver.url), (b"x" * 32,))
    assert send.send(webhook, "id", "{}").failure == "no answer in time"
    assert receiver.received == []


@pytest.mark.parametrize(
    ("url", "port"),
    [
        ("https://[2001:db8::5]/h", 443), ("http://[::1]/h", 80), ("https://x.example/h", 443),
        ("https://[2001:db8::5]:8443/h", 8443),
    ],
)  # fmt: skip
def test_the_port_is_that_of_the_url(url: str, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, int]] = []

    def refuse(address: tuple[str, int], *_: Any) -> socket.socket:
        asked.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", refuse)
    attempt = send.send(Webhook("a", urlsplit(url), (b"x" * 32,)), "id", "{}")
    assert attempt.failure == "ConnectionRefusedError"
    assert asked == [(urlsplit(url).hostname, port)]
