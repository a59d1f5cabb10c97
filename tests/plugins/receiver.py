"""A receiver of webhooks, which answers as a test wants, and sessions that send to it."""

import base64
import hmac
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Any

import pytest
from alembic import command
from sqlalchemy import Engine

from petrec.features.runs.journal.install import alembic_config
from petrec.operations.connect import connect
from petrec.operations.session import Session
from tests.plugins.databases import Database

SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()

ENQUEUE = """
INSERT INTO petrec.outbox (event_id, webhook, type, body)
SELECT gen_random_uuid(), %s, 'recording.uploaded', format('{"number":%%s}', n)
FROM generate_series(1, %s) n
"""
DUE = "UPDATE petrec.outbox SET next_at = now()"


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
        # As many may connect at once as several couriers do.
        request_queue_size = 64
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


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


@pytest.fixture
def outbox_session(
    clinic: Database, receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Session]]:
    """Opens sessions whose settings name webhooks, `main` at the receiver besides those given."""
    # A command of its own gets no variables whose names begin with PETREC.
    monkeypatch.setenv("HOOK_SECRET", SECRET)
    with ExitStack() as ended:

        def open_one(**urls: str) -> Session:
            named = {"main": receiver.url, **urls}
            file = tmp_path / "petrec.toml"
            lines = [
                f'[serve.webhooks.{name}]\nurl = "{url}"\nsecret = "HOOK_SECRET"'
                for name, url in named.items()
            ]
            file.write_text("\n".join(lines))
            session = connect(clinic.dsn, config=file)
            ended.callback(session.engine.dispose)
            return session

        yield open_one


def as_first_released(engine: Engine) -> None:
    """Bring the outbox back to its first version, whose events name no target."""
    with engine.connect() as connection:
        command.downgrade(alembic_config(connection), "0001_outbox")
        connection.commit()


def waiting(
    clinic: Database, columns: str = "state, attempts, failure"
) -> list[tuple[object, ...]]:
    """Return the rows of the outbox."""
    return clinic.execute(f"SELECT {columns} FROM petrec.outbox ORDER BY id")
