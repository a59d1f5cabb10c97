"""Load on one HTTP endpoint: connections that each ask again as soon as they are answered.

One thread and plain sockets, so that little of the processor goes to asking.
"""

import re
import selectors
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

_CLIENTS = 8
_LENGTH = re.compile(rb"\r\ncontent-length: (\d+)\r\n", re.IGNORECASE)


@dataclass(frozen=True)
class Load:
    """What one run measured: answers, in how many seconds, and those that the asking worked."""

    answers: int
    seconds: float
    worked: float

    @property
    def rate(self) -> float:
        """Answers per second."""
        return self.answers / self.seconds

    @property
    def asking(self) -> float:
        """The share of a core that was spent on asking."""
        return self.worked / self.seconds


def together(loads: list[Load]) -> Load:
    """Add up."""
    return Load(
        sum(one.answers for one in loads),
        sum(one.seconds for one in loads),
        sum(one.worked for one in loads),
    )


def ask(port: int, sent: bytes) -> bytes:
    """Return the body of one answer; errors: SystemExit where it is not 200."""
    with socket.create_connection(("127.0.0.1", port)) as one:
        one.sendall(sent)
        answer = bytearray()
        while not _whole(answer):
            answer += one.recv(65536)
    return bytes(answer.partition(b"\r\n\r\n")[2])


def load(port: int, sent: bytes, seconds: float) -> Load:
    """Ask for so long, and take the last answers; errors: SystemExit where one is not 200."""
    with _clients(port, sent) as clients:
        start, spent, done = time.perf_counter(), time.process_time(), 0
        while clients.get_map():
            for key, _ in clients.select():
                client: Any = key.fileobj
                key.data.extend(client.recv(65536))
                if not _whole(key.data):
                    continue
                done += 1
                if time.perf_counter() < start + seconds:
                    key.data.clear()
                    client.sendall(sent)
                else:
                    clients.unregister(client)
                    client.close()
        took = time.perf_counter() - start
    return Load(done, took, time.process_time() - spent)


@contextmanager
def _clients(port: int, sent: bytes) -> Iterator[selectors.BaseSelector]:
    """Open the connections, each with its first request on the way."""
    with selectors.DefaultSelector() as clients:
        for _ in range(_CLIENTS):
            client = socket.create_connection(("127.0.0.1", port))
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            client.sendall(sent)
            clients.register(client, selectors.EVENT_READ, bytearray())
        yield clients


def _whole(answer: bytearray) -> bool:
    """Return whether the answer is complete."""
    end = answer.find(b"\r\n\r\n")
    length = _LENGTH.search(answer, 0, end + 2)
    if end < 0 or length is None or len(answer) < end + 4 + int(length[1]):
        return False
    if not answer.startswith(b"HTTP/1.1 200 "):
        raise SystemExit(f"refused: {answer[end + 4 :].decode()}")
    return True
