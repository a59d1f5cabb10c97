"""A receiver of webhooks, which answers as a test wants and keeps what it was sent."""

import base64
import hmac
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from typing import Any

SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()


@dataclass
class Receiver:
    """What came, in order; `answer` is asked for the status, and may wait or raise."""

    url: str = ""
    answer: Callable[["Received"], int] = lambda _: 204
    received: list["Received"] = field(default_factory=list)
    going: Event = field(default_factory=Event)
    _lock: Lock = field(default_factory=Lock)

    def take(self, request: "Received") -> int:
        with self._lock:
            self.received.append(request)
        return self.answer(request)

    @property
    def ids(self) -> list[str]:
        return [each.headers["webhook-id"] for each in self.received]


@dataclass(frozen=True)
class Received:
    """One request; its headers by lower-case names."""

    path: str
    headers: dict[str, str]
    body: str

    @property
    def event(self) -> Any:
        return json.loads(self.body)

    def is_signed(self, secret: str = SECRET) -> bool:
        """Return whether one of its signatures is right, as the specification computes it."""
        key = base64.b64decode(secret.removeprefix("whsec_"))
        content = f"{self.headers['webhook-id']}.{self.headers['webhook-timestamp']}.{self.body}"
        mark = base64.b64encode(hmac.new(key, content.encode(), "sha256").digest()).decode()
        return f"v1,{mark}" in self.headers["webhook-signature"].split(" ")


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Listen on a port of this machine."""
    made = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            size = int(self.headers["content-length"])
            headers = {name.lower(): value for name, value in self.headers.items()}
            request = Received(self.path, headers, self.rfile.read(size).decode())
            status = made.take(request)
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", "http://127.0.0.1:9/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 its own name
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        # A client that is killed is what some tests are about.
        handle_error = lambda *_: None  # noqa: E731

    server = Server(("127.0.0.1", 0), Handler)
    made.url = f"http://127.0.0.1:{server.server_port}/hook"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield made
    finally:
        made.going.set()
        server.shutdown()
        thread.join()
        server.server_close()
