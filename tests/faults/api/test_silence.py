"""A database that is silent from the first request on: threads are bounded, answers in time."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import httpx
import pytest
from sqlalchemy import create_engine

from petrec.api import Options
from petrec.api.database import Database as Served
from petrec.api.host import health
from petrec.api.options import utc_now
from petrec.api.pooled import bound_waits
from tests.plugins.api import Api
from tests.plugins.databases import Database
from tests.plugins.frozen import Frozen
from tests.plugins.limits import Limits
from tests.plugins.two_clinics import INITIATE, VET1
from tests.plugins.waiting import until

LIST, READY = "/api/v1/recordings/", "/api/v1/ready"
START = "/api/v1/recordings/upload/initiate"
# More than there are threads.
MANY = 60
WAITING = """
SELECT count(*) > 3 FROM pg_stat_activity WHERE datname = current_database()
  AND pid <> pg_backend_pid() AND wait_event_type = 'Lock'
"""
Make = Callable[..., Api]


@pytest.fixture
def make(two_clinics: Database, make_api: Make) -> Make:
    def made(**parts: Any) -> Api:
        api = make_api(database=two_clinics, **parts)
        api.client.http.headers["x-user"] = VET1
        return api

    return made


@contextmanager
def by_way(api: Api, **pool: Any) -> Iterator[Frozen]:
    """Lead the application to its database by a way that can be frozen."""
    way, before = Frozen(api.database.cluster.port), workers()
    url = f"postgresql+psycopg://postgres@127.0.0.1:{way.port}/{api.database.name}"
    engine = create_engine(url, **pool)
    limits = api.router.service.options
    bound_waits(engine, min(limits.statement_s, limits.request_s))
    api.router.service.database = Served(engine, limit_ms=int(limits.statement_s * 1000))
    yield way
    way.flows.set()
    # A thread that was given up returns its connection later, which a disposed pool would leak.
    until(lambda: workers() <= before)
    engine.dispose()
    way.listener.close()


def ask(api: Api, path: str, count: int, **more: Any) -> list[httpx.Response]:
    """Return the answers to requests that are sent at once."""

    method, send = "POST" if more else "GET", api.client.http.request

    async def asked() -> list[httpx.Response]:
        return await asyncio.gather(*(send(method, path, **more) for _ in range(count)))

    return api.client.runner.run(asked())


def codes(answers: list[httpx.Response]) -> set[tuple[int, str | None]]:
    return {(each.status_code, each.json().get("error_code")) for each in answers}


def workers() -> int:
    return sum("AnyIO" in thread.name for thread in threading.enumerate())


@pytest.mark.usefixtures("limits")
def test_silence_from_the_first_request_on(make: Make) -> None:
    """Requests end without a limit of their own, since each of their waits has one."""
    api = make(options=Options(statement_s=0.5))
    before = workers()
    with by_way(api) as way:
        way.flows.clear()
        found = codes(ask(api, LIST, MANY))
        assert found == {(503, "not_ready"), (503, "database_unavailable")}
        assert workers() - before <= 40
        assert codes(ask(api, READY, 1)) <= found
        way.flows.set()
        # Its statements have half a second each, which may be too little for the first ones.
        until(lambda: ask(api, LIST, 1)[0].status_code == 200)


def test_probes_that_hang_are_over_soon(
    make: Make, limits: Limits, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second waits for the thread of the first, and neither as long as a request may."""
    monkeypatch.setattr(health, "_LIMIT_S", 0.5)
    api = make()
    with by_way(api) as way:
        assert codes(ask(api, READY, 1)) == {(200, None)}
        way.flows.clear()
        with limits.counting():
            found = ask(api, READY, 2)
        assert codes(found) == {(504, "time_exceeded")}
        assert [each.json()["details"] for each in found] == [{"limit_s": 0.5}] * 2
        way.flows.set()
        assert codes(ask(api, READY, 1)) == {(200, None)}


@pytest.mark.full
def test_a_ping_of_the_pool_that_is_not_answered(make: Make, limits: Limits) -> None:
    api = make(options=Options(statement_s=600, request_s=1))
    with by_way(api, pool_pre_ping=True, pool_size=4, max_overflow=0, pool_timeout=60) as way:
        assert ask(api, LIST, 1)[0].status_code == 200
        way.flows.clear()
        with limits.counting():
            assert codes(ask(api, LIST, 3)) == {(504, "time_exceeded")}
        # The threads have ended, since their connections were cut.
        pool: Any = api.router.service.database.engine.pool
        until(lambda: pool.checkedout() == 0)
        way.flows.set()
        assert ask(api, LIST, 1)[0].status_code == 200


@pytest.mark.full
def test_threads_that_nothing_can_end_are_bounded(make: Make, limits: Limits) -> None:
    """What hangs is of the host: its clock, which no limit of the database reaches."""
    may_end = threading.Event()

    def clock() -> datetime:
        may_end.wait(60)
        return utc_now()

    api = make(options=Options(request_s=1, clock=clock))
    assert api.client.get(READY).status_code == 200
    before = workers()
    with limits.counting():
        assert codes(ask(api, START, 25, json=INITIATE)) == {(504, "time_exceeded")}
    assert codes(ask(api, START, MANY, json=INITIATE)) == {(503, "server_busy")}
    assert codes(ask(api, READY, 1)) == {(503, "server_busy")}
    assert api.client.get("/api/v1/live").status_code == 200
    assert workers() - before <= 66
    may_end.set()
    until(lambda: ask(api, READY, 1)[0].status_code == 200)
    assert ask(api, START, 1, json=INITIATE)[0].status_code == 200


def test_readiness_waits_for_no_other_request(make: Make) -> None:
    api = make(options=Options(statement_s=600, request_s=600))
    assert api.client.get(LIST).status_code == 200

    async def probed(free: Callable[[], Awaitable[Any]]) -> tuple[httpx.Response, list[int]]:
        get = api.client.http.get
        lists = [asyncio.create_task(get(LIST)) for _ in range(MANY)]
        await asyncio.to_thread(until, lambda: api.database.execute(WAITING) == [(True,)])
        ready = await get(READY)
        assert not any(each.done() for each in lists)
        await free()
        return ready, [(await each).status_code for each in lists]

    with api.database.connect(autocommit=False) as holder:
        holder.execute("LOCK TABLE recordings")
        free = lambda: asyncio.to_thread(holder.rollback)  # noqa: E731
        ready, lists = api.client.runner.run(probed(free))
    assert (ready.status_code, set(lists)) == (200, {200})
