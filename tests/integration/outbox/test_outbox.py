"""Events: written with the upload itself, signed, and sent until somebody takes them."""

import asyncio
import json
import signal
import socket
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread
from urllib.parse import urlsplit

import msgspec
import pytest
from fastapi import FastAPI

from petrec.api.host.lifespan import ending
from petrec.api.host.outbox import with_couriers
from petrec.errors import SettingsError
from petrec.features.outbox import send
from petrec.features.outbox.courier import deliver_due
from petrec.features.outbox.store import DELAYS_S
from petrec.features.outbox.webhook import Webhook, open_webhooks
from petrec.operations.connect import connect
from petrec.operations.outbox import deliver_outbox, list_outbox, retry_outbox, run_outbox
from petrec.operations.session import Session
from petrec.settings import Settings
from tests.plugins.api import Api
from tests.plugins.command import Petrec, Spawn
from tests.plugins.databases import Database
from tests.plugins.receiver import SECRET, Received, Receiver, receiving
from tests.plugins.two_clinics import ACTORS, PET1, REC1, VET1
from tests.plugins.waiting import until

ENQUEUE = """
INSERT INTO petrec.outbox (event_id, webhook, type, body)
SELECT gen_random_uuid(), %s, 'recording.uploaded', format('{"number":%%s}', n)
FROM generate_series(1, %s) n
"""
DUE = "UPDATE petrec.outbox SET next_at = now()"
COMPLETE = f"/api/v1/recordings/upload/complete/rec-{REC1}"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


@pytest.fixture
def opened(
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


def settings_of(url: str) -> Settings:
    return msgspec.convert({"serve": {"webhooks": {"a": {"url": url}}}}, Settings)


def rows(clinic: Database, columns: str = "state, attempts, failure") -> list[tuple[object, ...]]:
    return clinic.execute(f"SELECT {columns} FROM petrec.outbox ORDER BY id")


def test_a_signature_is_that_of_the_specification() -> None:
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    named = settings_of("https://x.example/h")
    [webhook] = open_webhooks(named, {"PETREC_WEBHOOK_SECRET": secret})
    moment = datetime.fromtimestamp(1614265330, UTC)
    headers = webhook.headers("msg_p5jXN8AQM9LWM0D4loKWxJek", '{"test": 2432232314}', moment)
    assert headers["webhook-timestamp"] == "1614265330"
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert secret not in repr(webhook)


@pytest.mark.parametrize(
    ("url", "secret"),
    [
        ("http://x.example/h", SECRET), ("ftp://127.0.0.1/h", SECRET), ("https://", SECRET),
        ("https://x.example:port/", SECRET), ("https://u:p@x.example/", SECRET),
        ("https://x.example/", ""), ("https://x.example/", "whsec_c2hvcnQ="),
        ("https://x.example/", f"{SECRET} whsec_*"),
    ],
)  # fmt: skip
def test_a_webhook_that_cannot_be_right(url: str, secret: str) -> None:
    named = settings_of(url)
    with pytest.raises(SettingsError):
        open_webhooks(named, {"PETREC_WEBHOOK_SECRET": secret})


@pytest.mark.api("two_clinics", headers=ACTORS["staff"] | {"x-user": VET1})
def test_an_upload_and_its_events_are_written_together(
    api: Api, make_api: Callable[..., Api], opened: Callable[..., Session]
) -> None:
    from petrec.api import Options
    from petrec.features.runs.journal.install import install_journal

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


def test_what_is_taken_is_gone_and_was_signed(
    opened: Callable[..., Session], clinic: Database, receiver: Receiver
) -> None:
    session = opened()
    assert deliver_outbox(session).webhooks[0].delivered == 0
    clinic.execute(ENQUEUE, ("main", 20))
    bodies = {row[0] for row in rows(clinic, "body")}
    assert deliver_outbox(session).webhooks[0].delivered == 20
    assert rows(clinic) == []
    assert {each.body for each in receiver.received} == bodies
    assert all(each.is_signed() and each.path == "/hook" for each in receiver.received)
    assert len(set(receiver.ids)) == 20


def test_a_retry_has_the_same_id_and_body_and_a_time_of_its_own(
    opened: Callable[..., Session], clinic: Database, receiver: Receiver
) -> None:
    session = opened()
    deliver_outbox(session)
    clinic.execute(ENQUEUE, ("main", 1))
    receiver.answer = lambda _: 503
    assert deliver_outbox(session).failed == 1
    assert rows(clinic) == [("waiting", 1, "status 503")]
    [(wait,)] = clinic.execute("SELECT extract(epoch FROM next_at - now()) FROM petrec.outbox")
    assert DELAYS_S[0] * 0.5 < wait <= DELAYS_S[0] * 1.2
    assert deliver_outbox(session).failed == 0, "it is not due yet"
    clinic.execute(DUE)
    receiver.answer = lambda _: 200
    assert deliver_outbox(session).failed == 0
    first, second = receiver.received
    assert (first.headers["webhook-id"], first.body) == (second.headers["webhook-id"], second.body)
    assert first.is_signed()
    assert second.is_signed()


def test_an_event_is_given_up_listed_and_retried_by_hand(
    opened: Callable[..., Session], clinic: Database, receiver: Receiver, petrec: Petrec
) -> None:
    session = opened()
    deliver_outbox(session)
    clinic.execute(ENQUEUE, ("main", 2))
    clinic.execute(ENQUEUE, ("gone", 1))
    receiver.answer = lambda _: 500
    for _ in range(len(DELAYS_S) + 1):
        clinic.execute(DUE)
        deliver_outbox(session)
    assert Counter(row[0] for row in rows(clinic)) == {"dead": 2, "waiting": 1}
    found = list_outbox(session)
    assert [(w.webhook, w.waiting, w.dead, w.configured) for w in found.webhooks] == [
        ("gone", 1, 0, False), ("main", 0, 2, True),
    ]  # fmt: skip
    shown = petrec("outbox", "list", "--dead", dsn=clinic.dsn)
    assert shown.code == 1
    assert "status 500" in shown.out
    assert retry_outbox(session, [found.events[0].id]).taken_up == 1
    assert petrec("outbox", "retry", dsn=clinic.dsn).code == 0
    receiver.answer = lambda _: 200
    assert deliver_outbox(session).webhooks[0].delivered == 2


@pytest.mark.parametrize(
    ("status", "state", "failure"),
    [(302, "waiting", "status 302"), (410, "dead", "status 410"), (429, "waiting", "status 429")],
)
def test_an_answer_that_takes_nothing(
    opened: Callable[..., Session],
    clinic: Database,
    receiver: Receiver,
    status: int,
    state: str,
    failure: str,
) -> None:
    session = opened()
    deliver_outbox(session)
    clinic.execute(ENQUEUE, ("main", 1))
    receiver.answer = lambda _: status
    deliver_outbox(session)
    assert rows(clinic) == [(state, 1, failure)]
    assert len(receiver.received) == 1


def test_a_receiver_that_hangs_holds_no_lock_and_no_other_webhook(
    opened: Callable[..., Session], clinic: Database, receiver: Receiver
) -> None:
    with receiving() as slow:
        slow.answer = lambda _: 200 if slow.going.wait(30) else 500
        session = opened(slow=slow.url)
        deliver_outbox(session)
        clinic.execute(ENQUEUE, ("slow", 3))
        clinic.execute(ENQUEUE, ("main", 3))
        stop = Event()
        thread = Thread(target=run_outbox, args=(session, stop.wait))
        thread.start()
        until(lambda: len(slow.received) == 3 and len(receiver.received) == 3)
        until(lambda: len(rows(clinic)) == 3)
        clinic.execute("SELECT FROM petrec.outbox FOR UPDATE NOWAIT")
        busy = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        assert clinic.execute(f"{busy} AND state LIKE 'idle in transaction%'") == [(0,)]
        slow.going.set()
        until(lambda: rows(clinic) == [])
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


def test_several_couriers_send_each_event_once(
    opened: Callable[..., Session], clinic: Database, receiver: Receiver
) -> None:
    session = opened()
    deliver_outbox(session)
    clinic.execute(ENQUEUE, ("main", 60))
    webhooks = open_webhooks(session.settings)
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda _: deliver_due(session.engine, webhooks), range(4)))
    assert sum(each["main"][0] for each in done) == 60
    assert Counter(Counter(receiver.ids).values()) == {1: 60}


def test_a_server_creates_the_outbox_and_delivers_until_it_ends(
    opened: Callable[..., Session], clinic: Database, receiver: Receiver
) -> None:
    session = opened()
    lifespan = with_couriers(
        ending(session.engine), session.engine, open_webhooks(session.settings)
    )

    async def serve() -> None:
        async with lifespan(FastAPI()):
            clinic.execute(ENQUEUE, ("main", 3))
            await asyncio.to_thread(until, lambda: len(receiver.received) == 3)

    asyncio.run(serve())
    assert rows(clinic) == []
    clinic.execute(ENQUEUE, ("main", 1))
    assert len(receiver.received) == 3


@pytest.mark.few(2)
@pytest.mark.parametrize("killed_at", range(1, 9))
@pytest.mark.parametrize("answers_first", [False, True])
def test_a_kill_loses_no_event(
    opened: Callable[..., Session],
    clinic: Database,
    receiver: Receiver,
    spawn: Spawn,
    killed_at: int,
    answers_first: bool,
) -> None:
    """Killed while a request is on its way, or when it was answered and that is not yet noted."""
    session = opened()
    deliver_outbox(session)
    clinic.execute(ENQUEUE, ("main", 12))
    expected = {row[0] for row in rows(clinic, "event_id::text")}
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
    assert rows(clinic) == []
    taken = {each.headers["webhook-id"] for each in receiver.received}
    assert taken == expected


def test_a_signal_ends_it_after_what_is_being_sent(
    opened: Callable[..., Session], clinic: Database, receiver: Receiver, spawn: Spawn
) -> None:
    session = opened()
    deliver_outbox(session)
    clinic.execute(ENQUEUE, ("main", 1))
    receiver.answer = lambda _: 200 if receiver.going.wait(30) else 500
    process = spawn("outbox", "run", dsn=clinic.dsn)
    until(lambda: len(receiver.received) == 1)
    process.send_signal(signal.SIGTERM)
    receiver.going.set()
    assert process.wait() == 0
    assert rows(clinic) == []
