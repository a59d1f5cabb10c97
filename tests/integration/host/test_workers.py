"""Several processes on one socket: all answer, none stays, their counters add up."""

import os
import re
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from uvicorn.supervisors import multiprocess
from uvicorn.supervisors.multiprocess import Process

from petrec.api.host.server import Supervisor
from tests.integration.host.test_serve import API, SECRET, Served, bearer, serve
from tests.plugins import guide
from tests.plugins.databases import Database, MakeDatabase
from tests.plugins.seaweed import KEYS
from tests.plugins.waiting import until

NOWHERE = "http://127.0.0.1:9"
PASSWORD = "a-password-that-nobody-asks-for"
WORKERS = 2
LIST, START = f"{API}/recordings/", f"{API}/recordings/upload/initiate"
COUNTED = re.compile(
    f'^petrec_requests_total{{method="GET",route="{LIST}",status="200"}} (.+)$', re.MULTILINE
)
STARTED = re.compile(r"Started server process \[(\d+)\]")


class Fleet:
    """A served database and the processes that serve it."""

    def __init__(self, base: Database, served: Served) -> None:
        self.base, self.served = base, served
        until(lambda: len(self.started()) == WORKERS)
        self.pids = self.started()

    def started(self) -> list[int]:
        return [int(pid) for pid in STARTED.findall(self.served.log.read_text())]

    def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Ask on a connection of its own, so that any process may take it."""
        url = self.served.http.base_url.join(path)
        headers = bearer() | options.pop("headers", {})
        return httpx.request(method, url, headers=headers, timeout=60, verify=False, **options)

    def counted(self) -> float:
        """Return how often the list was answered, by whatever process."""
        found = COUNTED.search(self.ask("GET", "/metrics").text)
        return float(found[1]) if found else 0

    def only(self, pid: int) -> None:
        """Stop the others, so that they can take no connection."""
        for each in self.pids:
            os.kill(each, signal.SIGCONT if each == pid else signal.SIGSTOP)

    def all(self) -> None:
        for each in self.pids:
            with suppress(ProcessLookupError):
                os.kill(each, signal.SIGCONT)

    def is_gone(self) -> bool:
        """Return whether nobody listens any more."""
        try:
            self.ask("GET", f"{API}/health")
        except httpx.TransportError:
            return True
        return False


@pytest.fixture
def fleet(database: MakeDatabase, serve: Callable[..., Served]) -> Fleet:
    base = guide.fill(database("text_ids"))
    dsn = base.dsn.replace("postgres@", f"postgres:{PASSWORD}@")
    return Fleet(base, serve(dsn, NOWHERE, "--workers", str(WORKERS)))


def test_each_answers_and_all_end(fleet: Fleet) -> None:
    for number, pid in enumerate(fleet.pids):
        fleet.only(pid)
        assert fleet.ask("GET", LIST).status_code == 200
        until(lambda counted: fleet.counted() == counted, number + 1)
    fleet.all()
    check_one_row_for_a_key(fleet)
    check_secrets(fleet)
    assert fleet.served.stop() == 0
    assert fleet.is_gone()
    for pid in fleet.pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def check_one_row_for_a_key(fleet: Fleet) -> None:
    """The lock of a key is the database's, so that it holds between processes."""
    key = {"Idempotency-Key": "k"}
    send = lambda _: fleet.ask("POST", START, json=guide.INITIATE, headers=key)  # noqa: E731
    before = fleet.base.execute("SELECT count(*) FROM recordings")[0][0]
    with ThreadPoolExecutor(25) as pool:
        answers = list(pool.map(send, range(50)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["recording_id"] for answer in answers}) == 1
    assert fleet.base.execute("SELECT count(*) FROM recordings") == [(before + 1,)]


def check_secrets(fleet: Fleet) -> None:
    """Neither a command line nor the log holds any."""
    said = fleet.served.log.read_text()
    if Path("/proc/self/cmdline").exists():
        lines = (Path(f"/proc/{pid}/cmdline") for pid in fleet.pids)
        said += "".join(line.read_text() for line in lines)
    for secret in (PASSWORD, SECRET, KEYS.secret_key, "eyJ"):
        assert secret not in said


def test_they_are_replaced_and_none_outlives_its_parent(fleet: Fleet) -> None:
    dead = fleet.pids[0]
    fleet.only(dead)
    assert fleet.ask("GET", LIST).status_code == 200
    until(lambda: fleet.counted() == 1)
    fleet.all()
    os.kill(dead, signal.SIGKILL)
    until(lambda: len(fleet.started()) == WORKERS + 1)
    assert fleet.ask("GET", LIST).status_code == 200
    until(lambda: fleet.counted() == 2)
    fleet.served.process.send_signal(signal.SIGHUP)
    until(lambda: len(fleet.started()) == 2 * WORKERS + 1)
    assert fleet.ask("GET", LIST).status_code == 200
    until(lambda: fleet.counted() == 3)
    fleet.served.process.kill()
    until(fleet.is_gone)


async def nothing(*_: object) -> None:
    """An application that is never asked."""


class Dying(Process):
    """A process that ends when it is asked whether it is well."""

    def pong(self) -> None:
        self.child_conn.recv()
        os.kill(os.getpid(), signal.SIGKILL)


def test_one_that_dies_as_it_is_asked_is_replaced_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(multiprocess, "SIGNALS", {})
    config = uvicorn.Config(nothing, workers=1, log_config=None, timeout_worker_healthcheck=60)
    supervisor = Supervisor(config, [])
    dying = Dying(config, [])
    dying.start()
    supervisor.processes.append(dying)
    began = time.monotonic()
    supervisor.keep_subprocess_alive()
    (replaced,) = supervisor.processes
    replaced.kill()
    replaced.join()
    assert dying.exitcode == -signal.SIGKILL
    assert replaced is not dying
    assert time.monotonic() - began < config.timeout_worker_healthcheck


__all__ = ["serve"]
