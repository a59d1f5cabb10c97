"""Load on one HTTP endpoint: connections that each ask again as soon as they are answered.

One thread and plain sockets, so that little of the processor goes to asking.
"""

import re
import selectors
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

_LENGTH = re.compile(rb"\r\ncontent-length: (\d+)\r\n", re.IGNORECASE)


@dataclass(frozen=True)
class Load:
    """What one run measured: each answer's time, the seconds of all, those that asking worked."""

    waits: tuple[float, ...]
    seconds: float
    worked: float

    @property
    def rate(self) -> float:
        """Answers per second."""
        return len(self.waits) / self.seconds

    @property
    def p99(self) -> float:
        """The time that one answer in a hundred exceeds, in seconds."""
        return sorted(self.waits)[len(self.waits) * 99 // 100]

    @property
    def asking(self) -> float:
        """The share of a core that was spent on asking."""
        return self.worked / self.seconds


def together(loads: list[Load]) -> Load:
    """Add up."""
    return Load(
        tuple(wait for one in loads for wait in one.waits),
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


@dataclass
class _Asked:
    """A request on its way: when it was sent, and what has come of its answer."""

    at: float
    answer: bytearray = field(default_factory=bytearray)


def load(port: int, sent: bytes, seconds: float, connections: int) -> Load:
    """Ask for so long, and take the last answers; errors: SystemExit where one is not 200."""
    waits = []
    with _clients(port, sent, connections) as clients:
        start, spent = time.perf_counter(), time.process_time()
        while clients.get_map():
            for key, _ in clients.select():
                client: Any = key.fileobj
                key.data.answer.extend(client.recv(65536))
                if not _whole(key.data.answer):
                    continue
                now = time.perf_counter()
                waits.append(now - key.data.at)
                if now < start + seconds:
                    clients.modify(client, selectors.EVENT_READ, _Asked(time.perf_counter()))
                    client.sendall(sent)
                else:
                    clients.unregister(client)
                    client.close()
        took = time.perf_counter() - start
    return Load(tuple(waits), took, time.process_time() - spent)


@contextmanager
def _clients(port: int, sent: bytes, connections: int) -> Iterator[selectors.BaseSelector]:
    """Open the connections, each with its first request on the way."""
    with selectors.DefaultSelector() as clients:
        for _ in range(connections):
            client = socket.create_connection(("127.0.0.1", port))
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            clients.register(client, selectors.EVENT_READ, _Asked(time.perf_counter()))
            client.sendall(sent)
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
