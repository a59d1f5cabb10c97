"""A disk that is full, a worker that is killed: what clients see, and what was kept."""

import os
import signal
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.integration.host.test_serve import serve
from tests.integration.host.test_workers import LIST, START, Fleet, fleet
from tests.plugins import guide
from tests.plugins.api import Api
from tests.plugins.full_disk import fill_up, small_tablespace
from tests.plugins.two_clinics import INITIATE, VET1
from tests.plugins.waiting import until

WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = %s"
ROWS = "SELECT count(*) FROM recordings"


@pytest.mark.api("two_clinics", headers={"x-user": VET1})
def test_a_full_disk_refuses_uploads_until_there_is_room(api: Api) -> None:
    send = lambda: api.client.post(START, json=INITIATE)  # noqa: E731
    with small_tablespace(api.database) as directory:
        api.database.execute("ALTER TABLE recordings SET TABLESPACE small")
        assert send().status_code == 200
        filler = fill_up(directory)
        # The last page of the table still has room.
        answers = [send()]
        while answers[-1].status_code == 200:
            answers.append(send())
        refused = answers.pop()
        assert (refused.status_code, refused.json()["error_code"]) == (503, "database_unavailable")
        assert refused.headers["retry-after"] == "1"
        assert api.database.execute(ROWS) == [(3 + len(answers),)]
        assert api.client.get(LIST).status_code == 200
        filler.unlink()
        assert send().status_code == 200
        assert api.database.execute(ROWS) == [(4 + len(answers),)]
        api.engine.dispose()
        api.database.execute("ALTER TABLE recordings SET TABLESPACE pg_default")


@pytest.mark.full
def test_a_killed_worker_leaves_nothing_half_done(fleet: Fleet) -> None:
    dead, base = fleet.pids[0], fleet.base
    fleet.only(dead)
    assert fleet.ask("GET", LIST).status_code == 200
    before = base.execute(ROWS)
    with base.connect(autocommit=False) as holder, ThreadPoolExecutor(1) as pool:
        holder.execute("LOCK TABLE recordings")
        asked = pool.submit(fleet.ask, "POST", START, json=guide.INITIATE)
        until(lambda: base.execute(WAITING, (base.name,)) == [(1,)])
        os.kill(dead, signal.SIGKILL)
        with pytest.raises(httpx.TransportError):
            asked.result()
        fleet.all()
        holder.rollback()
    until(lambda: base.execute(WAITING, (base.name,)) == [(0,)])
    assert base.execute(ROWS) == before
    assert fleet.ask("POST", START, json=guide.INITIATE).status_code == 200
    until(lambda: len(fleet.started()) == len(fleet.pids) + 1)


__all__ = ["fleet", "serve"]
