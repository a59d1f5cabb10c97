"""Events beside trouble: written with the upload, slow receivers, several couriers, kills."""

import asyncio
import json
import signal
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Thread

import pytest
from fastapi import FastAPI

from petrec.api.host.lifespan import ending
from petrec.api.host.outbox import with_couriers
from petrec.features.outbox.courier import deliver_due
from petrec.features.outbox.webhook import open_webhooks
from petrec.features.runs.journal.install import install_journal
from petrec.operations.outbox import deliver_outbox, run_outbox
from petrec.operations.session import Session
from tests.plugins.api import Api
from tests.plugins.command import Spawn
from tests.plugins.databases import Database
from tests.plugins.receiver import (
    DUE,
    ENQUEUE,
    Received,
    Receiver,
    as_first_released,
    receiving,
    waiting,
)
from tests.plugins.two_clinics import ACTORS, PET1, REC1, VET1
from tests.plugins.waiting import until

COMPLETE = f"/api/v1/recordings/upload/complete/rec-{REC1}"


@pytest.mark.api("two_clinics", headers=ACTORS["staff"] | {"x-user": VET1})
def test_an_upload_and_its_events_are_written_together(
    api: Api,
    make_api: Callable[..., Api],
    outbox_session: Callable[..., Session],
    caplog: pytest.LogCaptureFixture,
) -> None:
    from petrec.api import Options

    made = make_api(database=api.database, options=Options(webhooks=("main", "other")))
    made.client.http.headers.update(ACTORS["staff"] | {"x-user": VET1})
    made.store.objects.update(api.store.objects)
    status = f"SELECT status FROM recordings WHERE id = '{REC1}'"

    def refused() -> None:
        caplog.clear()
        ready = made.client.get("/api/v1/ready")
        answer = made.client.post(COMPLETE, json={"file_size_bytes": 3})
        for each in (ready, answer):
            assert (each.status_code, each.json()["error_code"]) == (503, "no_outbox")
            assert "of an older version" in each.json()["message"]
        assert "petrec outbox run" in caplog.text
        assert made.database.execute(status) == [("pending",)]

    refused()
    install_journal(made.engine, "outbox")
    assert made.client.get("/api/v1/ready").status_code == 200
    as_first_released(made.engine)
    refused()
    install_journal(made.engine, "outbox")
    assert made.client.get("/api/v1/ready").status_code == 200
    for _ in range(2):
        assert made.client.post(COMPLETE, json={"file_size_bytes": 3}).status_code == 200
    assert made.database.execute(status) == [("uploaded",)]
    found = made.database.execute("SELECT webhook, event_id, type, body FROM petrec.outbox")
    assert [row[0] for row in found] == ["main", "other"]
    assert len({row[1:] for row in found}) == 1
    body = json.loads(found[0][3])
    assert body["type"] == found[0][2] == "recording.uploaded"
    assert body["data"] == {"recording_id": f"rec-{REC1}", "pet_id": f"pet-{PET1}"}


def test_a_receiver_that_hangs_holds_no_lock_and_no_other_webhook(
    outbox_session: Callable[..., Session], clinic: Database, receiver: Receiver
) -> None:
    with receiving() as slow:
        slow.answer = lambda _: 200 if slow.going.wait(30) else 500
        session = outbox_session(slow=slow.url)
        deliver_outbox(session)
        clinic.execute(ENQUEUE, ("slow", 3))
        clinic.execute(ENQUEUE, ("main", 3))
        stop = Event()
        thread = Thread(target=run_outbox, args=(session, stop.wait))
        thread.start()
        until(lambda: len(slow.received) == 3 and len(receiver.received) == 3)
        until(lambda: len(waiting(clinic)) == 3)
        clinic.execute("SELECT FROM petrec.outbox FOR UPDATE NOWAIT")
        busy = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        idle = f"{busy} AND state LIKE 'idle in transaction%'"
        # The other webhook's courier has a transaction now and then; this one would stay longer.
        until(lambda: clinic.execute(idle) == [(0,)], within_s=10)
        slow.going.set()
        until(lambda: waiting(clinic) == [])
        stop.set()
        thread.join()


def test_several_couriers_send_each_event_once(
    outbox_session: Callable[..., Session], clinic: Database, receiver: Receiver
) -> None:
    session = outbox_session()
    deliver_outbox(session)
    clinic.execute(ENQUEUE, ("main", 60))
    webhooks = open_webhooks(session.settings)
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda _: deliver_due(session.engine, webhooks), range(4)))
    assert sum(each["main"][0] for each in done) == 60
    assert Counter(Counter(receiver.ids).values()) == {1: 60}


def test_a_server_creates_the_outbox_and_delivers_until_it_ends(
    outbox_session: Callable[..., Session], clinic: Database, receiver: Receiver
) -> None:
    session = outbox_session()
    lifespan = with_couriers(
        ending(session.engine, lambda _: True), session.engine, open_webhooks(session.settings)
    )

    async def serve() -> None:
        async with lifespan(FastAPI()):
            clinic.execute(ENQUEUE, ("main", 3))
            await asyncio.to_thread(until, lambda: len(receiver.received) == 3)

    asyncio.run(serve())
    assert waiting(clinic) == []
    clinic.execute(ENQUEUE, ("main", 1))
    assert len(receiver.received) == 3


@pytest.mark.few(2)
@pytest.mark.parametrize("killed_at", range(1, 9))
@pytest.mark.parametrize("answers_first", [False, True])
def test_a_kill_loses_no_event(
    outbox_session: Callable[..., Session],
    clinic: Database,
    receiver: Receiver,
    spawn: Spawn,
    killed_at: int,
    answers_first: bool,
) -> None:
    """Killed while a request is on its way, or when it was answered and that is not yet noted."""
    session = outbox_session()
    deliver_outbox(session)
    clinic.execute(ENQUEUE, ("main", 12))
    expected = {row[0] for row in waiting(clinic, "event_id::text")}
    killed, started = Event(), Event()

    def answer(_: Received) -> int:
        if len(receiver.received) == killed_at:
            started.wait(30)
            kill = Thread(target=process.kill)
            kill.start()
            if not answers_first:
                kill.join()
            killed.set()
        return 200

    receiver.answer = answer
    process = spawn("outbox", "run", dsn=clinic.dsn)
    started.set()
    until(killed.is_set)
    process.wait()
    receiver.answer = lambda _: 200
    clinic.execute(DUE)
    deliver_outbox(session)
    assert waiting(clinic) == []
    taken = {each.headers["webhook-id"] for each in receiver.received}
    assert taken == expected


def test_a_signal_ends_it_after_what_is_being_sent(
    outbox_session: Callable[..., Session], clinic: Database, receiver: Receiver, spawn: Spawn
) -> None:
    session = outbox_session()
    deliver_outbox(session)
    clinic.execute(ENQUEUE, ("main", 1))
    receiver.answer = lambda _: 200 if receiver.going.wait(30) else 500
    process = spawn("outbox", "run", dsn=clinic.dsn)
    until(lambda: len(receiver.received) == 1)
    process.send_signal(signal.SIGTERM)
    receiver.going.set()
    assert process.wait() == 0
    assert waiting(clinic) == []
