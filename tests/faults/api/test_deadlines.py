"""Whatever a request waits for, it ends in its time, and leaves nothing behind that waits on."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import create_engine

from petrec.api import Options, StoredObject, Uploaded
from petrec.api.pooled import driver_of
from tests.plugins.api import Api
from tests.plugins.databases import Database
from tests.plugins.frozen import Frozen
from tests.plugins.limits import Limits
from tests.plugins.two_clinics import INITIATE, REC1, VET1
from tests.plugins.waiting import until

LIST, START = "/api/v1/recordings/", "/api/v1/recordings/upload/initiate"
ROWS = "SELECT count(*), md5(string_agg(r::text, '|' ORDER BY id)) FROM recordings r"
WAITING = """
SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state <> 'idle'
  AND pid <> pg_backend_pid() AND backend_type = 'client backend' AND wait_event_type = 'Lock'
"""
Make = Callable[..., Api]


@pytest.fixture
def make(two_clinics: Database, make_api: Make) -> Make:
    def made(**limits: float) -> Api:
        options = Options(**limits)  # type: ignore[arg-type]
        api = make_api(database=two_clinics, options=options)
        api.client.http.headers["x-user"] = VET1
        assert api.router.service.clinic.takes_uploads
        return api

    return made


@contextmanager
def locked(api: Api) -> Iterator[None]:
    """Hold a lock that every request for recordings waits for."""
    with api.database.connect(autocommit=False) as holder:
        holder.execute("LOCK TABLE recordings")
        yield
        holder.rollback()


@pytest.mark.parametrize(
    ("own", "ours"), [("1h", 20), ("0", 20), ("20s", 60), ("19999999us", 60), ("1min", 20)]
)
def test_the_shorter_limit_of_a_statement_counts(make: Make, own: str, ours: float) -> None:
    api = make(statement_s=ours)
    api.database.execute(f"ALTER DATABASE {api.database.name} SET statement_timeout = '{own}'")
    api.engine.dispose()
    served, show = api.router.service.database, "SHOW statement_timeout"
    with served.reading() as reading, served.writing() as writing, served.journaling() as journal:
        for connection in (reading, writing, driver_of(journal)):
            assert connection.execute(show).fetchone() == ("20s",)


def test_a_statement_that_waits_beyond_its_limit_is_busy(make: Make) -> None:
    """Where the machine is slow, another statement is: the answer is the same."""
    api = make()
    with locked(api):
        api.database.execute(f"ALTER DATABASE {api.database.name} SET statement_timeout = '100ms'")
        api.engine.dispose()
        answer = api.client.get(LIST)
    assert (answer.status_code, answer.json()["error_code"]) == (503, "database_busy")


@pytest.mark.parametrize(
    ("method", "path", "body"), [("GET", LIST, None), ("POST", START, INITIATE)]
)
def test_a_request_ends_in_its_time(
    make: Make, limits: Limits, method: str, path: str, body: Any
) -> None:
    api = make(statement_s=600, request_s=1)
    before = api.database.execute(ROWS)
    with locked(api):
        with limits.counting():
            answer = api.client.request(method, path, json=body)
        assert (answer.status_code, answer.headers["retry-after"]) == (504, "1")
        assert answer.json() == {
            "error": "gateway_timeout", "error_code": "time_exceeded",
            "message": "The request took too long; it may be tried again",
            "details": {"limit_s": 1},
        }  # fmt: skip
        # Its statement was cancelled: nothing waits for the lock any more.
        until(lambda: api.database.execute(WAITING) == [(0,)])
    assert api.database.execute(ROWS) == before
    assert api.engine.pool.checkedout() == 0  # type: ignore[attr-defined]
    assert api.client.get(LIST).status_code == 200


def test_a_network_that_is_silent(two_clinics: Database, make: Make, limits: Limits) -> None:
    api = make(request_s=1)
    way = Frozen(two_clinics.cluster.port)
    url = f"postgresql+psycopg://postgres@127.0.0.1:{way.port}/{two_clinics.name}"
    engine = create_engine(url)
    api.router.service.database.engine = engine
    assert api.client.get(LIST).status_code == 200
    way.flows.clear()
    with limits.counting():
        answer = api.client.get(LIST)
    assert (answer.status_code, answer.json()["error_code"]) == (504, "time_exceeded")
    # Its thread has ended, since its connection was cut.
    until(lambda: engine.pool.checkedout() == 0)  # type: ignore[attr-defined]
    way.flows.set()
    assert api.client.get(LIST).status_code == 200
    engine.dispose()
    way.listener.close()


def test_a_hook_that_hangs_takes_no_answer_with_it(
    two_clinics: Database, make_api: Make, limits: Limits
) -> None:
    """What was committed before stays; the client repeats the completion, and is told so."""
    may_end = threading.Event()

    def hang(_: Uploaded) -> None:
        limits.pass_now()
        may_end.wait(60)

    api = make_api(database=two_clinics, on_uploaded=hang)
    assert api.router.service.clinic.takes_uploads
    api.client.http.headers["x-user"] = VET1
    api.store.objects[f"key-{REC1}"] = StoredObject(3, "audio/mp4", "e")
    path = f"/api/v1/recordings/upload/complete/{REC1}"
    answer = api.client.post(path, json={"file_size_bytes": 3})
    assert (answer.status_code, answer.json()["error_code"]) == (504, "time_exceeded")
    assert api.client.post(path, json={"file_size_bytes": 3}).status_code == 200
    may_end.set()
    status = "SELECT status FROM recordings WHERE id = %s"
    assert api.database.execute(status, (REC1,)) == [("uploaded",)]
