"""How `petrec serve` starts, survives its database, and ends."""

import socket
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from petrec.api.host.server import listen
from tests.integration.host.test_serve import API, Served, bearer, serve
from tests.plugins import guide
from tests.plugins.cluster import Cluster
from tests.plugins.databases import MakeDatabase
from tests.plugins.waiting import until

NOWHERE = "http://127.0.0.1:9"
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = %s"
WITHOUT = """
import runpy, sys
sys.modules["{module}"] = None
sys.argv = ["petrec", "serve"]
runpy.run_module("petrec", run_name="__main__")
"""


def test_served_again_when_the_database_is_back(
    private_cluster: Callable[[], Cluster],
    database: MakeDatabase,
    serve: Callable[..., Served],
) -> None:
    cluster = private_cluster()
    served = serve(guide.fill(database("text_ids", cluster)).dsn, NOWHERE)
    listed = lambda: served.http.get(f"{API}/recordings/", headers=bearer())  # noqa: E731
    before = listed()
    assert before.status_code == 200
    cluster.stop()
    down = listed()
    assert (down.status_code, down.json()["error_code"]) == (503, "database_unavailable")
    cluster.start_again()
    until(lambda: listed().status_code == 200)
    assert listed().content == before.content
    assert served.http.get(f"{API}/ready").status_code == 200
    assert served.stop() == 0


@pytest.mark.few(1)
@pytest.mark.parametrize("workers", ["1", "2"])
def test_sigterm_lets_running_requests_end(
    database: MakeDatabase, serve: Callable[..., Served], workers: str
) -> None:
    base = guide.fill(database("text_ids"))
    served = serve(base.dsn, NOWHERE, "--workers", workers)
    listed = lambda: served.http.get(f"{API}/recordings/", headers=bearer())  # noqa: E731
    assert listed().status_code == 200
    blocker = base.connect(autocommit=False)
    blocker.execute("LOCK TABLE recordings")
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(listed)
        until(lambda: base.execute(WAITING, (base.name,)) == [(1,)])
        served.process.terminate()
        until(lambda: "Shutting down" in served.log.read_text())
        assert served.process.poll() is None
        blocker.rollback()
        assert running.result().status_code == 200
    assert served.process.wait(30) == 0


def test_no_lock_keeps_the_process(database: MakeDatabase, serve: Callable[..., Served]) -> None:
    """The lock is never given back; once requests have had their time, the statement ends."""
    base = guide.fill(database("text_ids"))
    served = serve(base.dsn, NOWHERE, drain_s=1)
    listed = lambda: served.http.get(f"{API}/recordings/", headers=bearer())  # noqa: E731
    assert listed().status_code == 200
    base.connect(autocommit=False).execute("LOCK TABLE recordings")
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(listed)
        until(lambda: base.execute(WAITING, (base.name,)) == [(1,)])
        served.process.terminate()
        assert served.process.wait(60) == 0
        assert base.execute(WAITING, (base.name,)) == [(0,)]
        assert running.result().status_code == 500


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_answers_are_not_held_back(host: str) -> None:
    """Head and body of an answer are two writes; the second must not wait for the client."""
    with listen(host, 0) as listening:
        address = listening.getsockname()[:2]
        with socket.create_connection(address), listening.accept()[0] as accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


@pytest.mark.parametrize("module", ["fastapi", "jwt", "uvicorn"])
def test_a_missing_extra_is_named(module: str) -> None:
    command = [sys.executable, "-c", WITHOUT.format(module=module)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert module in ended.stderr
    assert "pip install 'petrec[serve]'" in ended.stderr


__all__ = ["serve"]
