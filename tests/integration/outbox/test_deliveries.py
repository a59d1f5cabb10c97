"""Events beside trouble: written with the upload, slow receivers, several couriers, kills."""

import asyncio
import json
import signal
import socket
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Thread
from typing import Any
from urllib.parse import urlsplit

import pytest
from fastapi import FastAPI

from petrec.api.host import outbox as host_outbox
from petrec.api.host.lifespan import ending
from petrec.api.host.outbox import with_couriers
from petrec.errors import ConnectionFailedError
from petrec.features.outbox import courier, send
from petrec.features.outbox.courier import deliver_due
from petrec.features.outbox.webhook import Webhook, open_webhooks
from petrec.features.runs.journal.install import install_journal
from petrec.operations.outbox import deliver_outbox, run_outbox
from petrec.operations.session import Session
from tests.plugins.api import Api
from tests.plugins.command import Spawn
from tests.plugins.databases import Database
from tests.plugins.receiver import DUE, ENQUEUE, Received, Receiver, receiving, waiting
from tests.plugins.two_clinics import ACTORS, PET1, REC1, VET1
from tests.plugins.waiting import until

COMPLETE = f"/api/v1/recordings/upload/complete/rec-{REC1}"


@pytest.mark.api("two_clinics", headers=ACTORS["staff"] | {"x-user": VET1})
def test_an_upload_and_its_events_are_written_together(
    api: Api, make_api: Callable[..., Api], outbox_session: Callable[..., Session]
) -> None:
    from petrec.api import Options

    made = make_api(database=api.database, options=Options(webhooks=("main", "other")))
    made.client.http.headers.update(ACTORS["staff"] | {"x-user": VET1})
    made.store.objects.update(api.store.objects)
    ready = made.client.get("/api/v1/ready")
    assert (ready.status_code, ready.json()["error_code"]) == (503, "no_outbox")
    status = f"SELECT status FROM recordings WHERE id = '{REC1}'"
    assert made.client.post(COMPLETE, json={"file_size_bytes": 3}).status_code == 500
    assert made.database.execute(status) == [("pending",)]
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
        assert clinic.execute(f"{busy} AND state LIKE 'idle in transaction%'") == [(0,)]
        slow.going.set()
        until(lambda: waiting(clinic) == [])
        stop.set()
        thread.join()


def test_an_answer_in_drops_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(send, "_WHOLE_S", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip() -> None:
            connection, _ = server.accept()
            ended = Event()
            with connection:
                connection.sendall(b"HTTP/1.1 200 OK\r\nX-Drop: ")
                try:
                    while not ended.wait(0.05):
                        connection.sendall(b"a")
                except OSError:
                    pass

        thread = Thread(target=drip)
        thread.start()
        url = urlsplit(f"http://127.0.0.1:{server.getsockname()[1]}/")
        attempt = send.send(Webhook("a", url, (b"x" * 32,)), "id", "{}")
        thread.join()
    assert attempt.failure == "no answer in time"


def test_a_slow_answer_counts_and_none_does_not(
    monkeypatch: pytest.MonkeyPatch, receiver: Receiver
) -> None:
    monkeypatch.setattr(send, "_CONNECT_S", 0.2)
    webhook = Webhook("a", urlsplit(receiver.url), (b"x" * 32,))
    receiver.answer = lambda _: 503 if receiver.going.wait(0.5) else 200
    assert send.send(webhook, "id", "{}").failure == ""
    monkeypatch.setattr(send, "_WHOLE_S", 0.3)
    assert send.send(webhook, "id", "{}").failure == "no answer in time"


def test_what_is_cut_before_there_is_a_socket_sends_nothing(
    monkeypatch: pytest.MonkeyPatch, receiver: Receiver
) -> None:
    connect = socket.create_connection

    def late(*given: Any, **more: Any) -> socket.socket:
        time.sleep(0.2)
        return connect(*given, **more)

    monkeypatch.setattr(send, "_WHOLE_S", 0.05)
    monkeypatch.setattr(socket, "create_connection", late)
    webhook = Webhook("a", urlsplit(receiver.url), (b"x" * 32,))
    assert send.send(webhook, "id", "{}").failure == "no answer in time"
    assert receiver.received == []


@pytest.mark.parametrize(
    ("url", "port"),
    [
        ("https://[2001:db8::5]/h", 443), ("http://[::1]/h", 80), ("https://x.example/h", 443),
        ("https://[2001:db8::5]:8443/h", 8443),
    ],
)  # fmt: skip
def test_the_port_is_that_of_the_url(url: str, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, int]] = []

    def refuse(address: tuple[str, int], *_: Any) -> socket.socket:
        asked.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", refuse)
    attempt = send.send(Webhook("a", urlsplit(url), (b"x" * 32,)), "id", "{}")
    assert attempt.failure == "ConnectionRefusedError"
    assert asked == [(urlsplit(url).hostname, port)]


def test_a_courier_outlives_what_nobody_expected(
    outbox_session: Callable[..., Session],
    clinic: Database,
    receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    session = outbox_session()
    deliver_outbox(session)
    clinic.execute(ENQUEUE, ("main", 1))
    errors = iter([KeyError("not for a log")])
    whole = send.send

    def fail_once(*given: Any) -> send.Attempt:
        for error in errors:
            clinic.execute(DUE)
            raise error
        return whole(*given)

    monkeypatch.setattr(courier, "send", fail_once)
    monkeypatch.setattr(courier, "_ERROR_S", 0.01)
    with courier.delivering(session.engine, open_webhooks(session.settings)):
        until(lambda: len(receiver.received) == 1)
    assert "Cannot deliver the outbox: KeyError" in caplog.text
    assert "not for a log" not in caplog.text


def test_an_outbox_that_cannot_be_created_at_the_start_is_created_later(
    outbox_session: Callable[..., Session],
    clinic: Database,
    receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    session = outbox_session()
    webhooks = open_webhooks(session.settings)
    lifespan = with_couriers(ending(session.engine), session.engine, webhooks)
    errors = iter([ConnectionFailedError("down"), ConnectionFailedError("still down")])
    install = install_journal

    def fail_twice(*given: Any) -> None:
        for error in errors:
            raise error
        install(*given)

    monkeypatch.setattr(host_outbox, "install_journal", fail_twice)
    monkeypatch.setattr(courier, "_ERROR_S", 0.01)

    async def serve() -> None:
        async with lifespan(FastAPI()):
            there = "SELECT to_regclass('petrec.outbox') IS NOT NULL"
            await asyncio.to_thread(until, lambda: clinic.execute(there) == [(True,)])
            clinic.execute(ENQUEUE, ("main", 2))
            await asyncio.to_thread(until, lambda: len(receiver.received) == 2)

    asyncio.run(serve())
    assert waiting(clinic) == []


def test_the_end_does_not_wait_for_a_database_that_is_silent(
    outbox_session: Callable[..., Session],
    clinic: Database,
    receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    session = outbox_session()
    deliver_outbox(session)
    monkeypatch.setattr(courier, "_END_S", 0.2)
    stuck = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation::regclass::text = %s"
    with clinic.connect(autocommit=False) as other:
        other.execute("LOCK TABLE petrec.outbox")
        with courier.delivering(session.engine, open_webhooks(session.settings)):
            until(lambda: clinic.execute(stuck, ("petrec.outbox",)) == [(1,)])
            leaving = time.monotonic()
        assert time.monotonic() - leaving < 10
        other.rollback()


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
        ending(session.engine), session.engine, open_webhooks(session.settings)
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
