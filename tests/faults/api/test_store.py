"""A store that takes connections and never answers holds few requests, and nothing else."""

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from typing import Any

import pytest

from petrec.api.host.store import S3Store
from petrec.storage import BucketAddress, Credentials
from tests.plugins.api import Api
from tests.plugins.databases import Database
from tests.plugins.two_clinics import APPT1, INITIATE, REC1, VET1

API = "/api/v1"
COMPLETE = f"{API}/recordings/upload/complete/{REC1}"
ASKING, WAITING = 8, 8
STATE = "SELECT status, file_size_bytes FROM recordings WHERE id = %s"


class Silent:
    """A server that accepts, and says nothing until it is told to end."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=100)
        self.open = ExitStack()
        host, port = self.listener.getsockname()
        self.place = BucketAddress("clinic-recordings", endpoint=f"http://{host}:{port}",
                                   path_style=True)  # fmt: skip

    async def accept(self, count: int) -> None:
        for _ in range(count):
            self.open.enter_context((await asyncio.to_thread(self.listener.accept))[0])


@pytest.fixture
def silent() -> Iterator[Silent]:
    made = Silent()
    with made.listener, made.open:
        yield made


def test_a_silent_store_holds_few_requests(
    silent: Silent, two_clinics: Database, make_api: Callable[..., Api]
) -> None:
    store = S3Store(silent.place, lambda: Credentials("a", "b"), timeout_s=60)
    api = make_api(database=two_clinics, store=store)
    api.client.http.headers["x-user"] = VET1
    before = api.database.execute(STATE, (REC1,))

    async def run() -> list[Any]:
        send = api.client.http.post
        asked = [
            asyncio.create_task(send(COMPLETE, json={"file_size_bytes": 3})) for _ in range(60)
        ]
        await silent.accept(ASKING)
        done, _ = await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
        assert done, "some are refused while the store is silent"
        assert not [one for one in done if one.result().status_code != 503]
        # What needs no answer of the store goes on as ever.
        get = api.client.http.get
        for path in ("/recordings/", f"/appointments/appt-{APPT1}", f"/recordings/rec-{REC1}"):
            assert (await get(f"{API}{path}")).status_code == 200
        made = await send(f"{API}/recordings/upload/initiate", json=INITIATE)
        assert made.status_code == 200
        ready = (await get(f"{API}/ready")).json()
        assert (ready["status"], "store_unreachable" in ready["remarks"]) == ("ok", True)
        running = [one for one in asked if not one.done()]
        assert ASKING <= len(running) <= ASKING + WAITING
        silent.open.close()
        silent.listener.close()
        return await asyncio.gather(*asked)

    answers = api.client.runner.run(run())
    assert {(a.status_code, a.json()["error_code"], a.headers["retry-after"]) for a in answers} == {
        (503, "storage_unavailable", "1")
    }
    assert api.database.execute(STATE, (REC1,)) == before


def test_a_store_that_is_gone_is_a_remark(
    two_clinics: Database, make_api: Callable[..., Api]
) -> None:
    place = BucketAddress("clinic-recordings", endpoint="http://127.0.0.1:9", path_style=True)
    api = make_api(database=two_clinics, store=S3Store(place, lambda: Credentials("a", "b")))
    answer = api.client.get(f"{API}/ready")
    assert answer.status_code == 200
    assert answer.json()["remarks"] == ["authors_must_be_users", "store_unreachable"]
    with suppress(KeyError):
        del api.client.http.headers["x-user"]
    assert api.client.get(f"{API}/live").json() == {"status": "ok"}
