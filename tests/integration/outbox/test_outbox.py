"""Events: signed, sent until somebody takes them, given up and retried."""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime

import msgspec
import pytest

from petrec.errors import SettingsError
from petrec.features.outbox import store
from petrec.features.outbox.store import DELAYS_S
from petrec.features.outbox.webhook import open_webhooks
from petrec.operations.outbox import deliver_outbox, list_outbox, retry_outbox
from petrec.operations.session import Session
from petrec.settings import Settings
from tests.plugins.command import Petrec
from tests.plugins.databases import Database
from tests.plugins.receiver import DUE, ENQUEUE, SECRET, Receiver, waiting


def settings_of(url: str, **more: str) -> Settings:
    webhook = {"url": url, **more}
    return msgspec.convert({"serve": {"webhooks": {"a": webhook}}}, Settings)


def test_a_signature_is_that_of_the_specification() -> None:
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    named = settings_of("https://x.example/h")
    [webhook] = open_webhooks(named, {"PETREC_WEBHOOK_SECRET": secret})
    moment = datetime.fromtimestamp(1614265330, UTC)
    headers = webhook.headers("msg_p5jXN8AQM9LWM0D4loKWxJek", '{"test": 2432232314}', moment)
    assert headers["webhook-timestamp"] == "1614265330"
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert secret not in repr(webhook)
    assert "x.example" not in repr(webhook)


@pytest.mark.parametrize(
    ("url", "secret"),
    [
        ("http://x.example/h", SECRET), ("ftp://127.0.0.1/h", SECRET), ("https://", SECRET),
        ("https://x.example:port/", SECRET), ("https://u:p@x.example/", SECRET),
        ("https://x.example/a b", SECRET), ("https://x.example/\t", SECRET),
        ("https://x.example/\x7f", SECRET), ("https://x.ex\u00e4mple/", SECRET),
        ("https://x.example:0/", SECRET),
        ("https://x.example/", ""), ("https://x.example/", "whsec_c2hvcnQ="),
        ("https://x.example/", f"{SECRET} whsec_*"),
    ],
)  # fmt: skip
def test_a_webhook_that_cannot_be_right(url: str, secret: str) -> None:
    named = settings_of(url)
    with pytest.raises(SettingsError):
        open_webhooks(named, {"PETREC_WEBHOOK_SECRET": secret})


@pytest.mark.parametrize("secret", [SECRET, SECRET.removeprefix("whsec_"), "whsec_abc", ""])
def test_a_secret_in_the_place_of_its_variable_is_not_shown(secret: str) -> None:
    with pytest.raises(SettingsError) as caught:
        open_webhooks(settings_of("https://x.example/", secret=secret), {})
    assert str(caught.value) == "secret of webhook 'a' must be the name of an environment variable"
    assert not caught.value.hint


@pytest.mark.parametrize("secret", ["MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "_" + "A1" * 16, "a" * 64])
def test_a_secret_that_looks_like_a_variable_is_not_shown(secret: str) -> None:
    """Base64 without its signs may be the name of a variable."""
    with pytest.raises(SettingsError) as caught:
        open_webhooks(settings_of("https://x.example/", secret=secret), {})
    assert secret not in str(caught.value) + caught.value.hint
    assert "secret` under [serve.webhooks.a]" in caught.value.hint


def test_what_is_taken_is_gone_and_was_signed(
    outbox_session: Callable[..., Session], clinic: Database, receiver: Receiver
) -> None:
    session = outbox_session()
    assert deliver_outbox(session).webhooks[0].delivered == 0
    clinic.execute(ENQUEUE, ("main", 20))
    bodies = {row[0] for row in waiting(clinic, "body")}
    assert deliver_outbox(session).webhooks[0].delivered == 20
    assert waiting(clinic) == []
    assert {each.body for each in receiver.received} == bodies
    assert all(each.is_signed() and each.path == "/hook" for each in receiver.received)
    assert len(set(receiver.ids)) == 20


def test_a_retry_has_the_same_id_and_body_and_a_time_of_its_own(
    outbox_session: Callable[..., Session], clinic: Database, receiver: Receiver
) -> None:
    session = outbox_session()
    deliver_outbox(session)
    clinic.execute(ENQUEUE, ("main", 1))
    receiver.answer = lambda _: 503
    assert deliver_outbox(session).failed == 1
    assert waiting(clinic) == [("waiting", 1, "status 503")]
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


def test_what_is_due_again_meanwhile_is_for_the_next_time(
    outbox_session: Callable[..., Session],
    clinic: Database,
    receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    session = outbox_session()
    deliver_outbox(session)
    clinic.execute(ENQUEUE, ("main", 9))
    monkeypatch.setattr(store, "DELAYS_S", (0,) * 3)
    receiver.answer = lambda _: 500
    assert deliver_outbox(session).failed == 9
    assert waiting(clinic) == [("waiting", 1, "status 500")] * 9


def test_an_event_is_given_up_listed_and_retried_by_hand(
    outbox_session: Callable[..., Session], clinic: Database, receiver: Receiver, petrec: Petrec
) -> None:
    session = outbox_session()
    deliver_outbox(session)
    clinic.execute(ENQUEUE, ("main", 2))
    clinic.execute(ENQUEUE, ("gone", 1))
    receiver.answer = lambda _: 500
    for _ in range(len(DELAYS_S) + 1):
        clinic.execute(DUE)
        deliver_outbox(session)
    assert Counter(row[0] for row in waiting(clinic)) == {"dead": 2, "waiting": 1}
    found = list_outbox(session)
    assert [(w.webhook, w.waiting, w.dead, w.configured) for w in found.webhooks] == [
        ("gone", 1, 0, False), ("main", 0, 2, True),
    ]  # fmt: skip
    shown = petrec("outbox", "list", "--dead", dsn=clinic.dsn)
    assert shown.code == 1
    assert "status 500" in shown.out
    assert petrec("outbox", "retry", str(2**63), dsn=clinic.dsn).code == 2
    assert retry_outbox(session, [found.events[0].id]).taken_up == 1
    assert petrec("outbox", "retry", dsn=clinic.dsn).code == 0
    receiver.answer = lambda _: 200
    assert deliver_outbox(session).webhooks[0].delivered == 2


@pytest.mark.parametrize(
    ("status", "state", "failure"),
    [(302, "waiting", "status 302"), (410, "dead", "status 410"), (429, "waiting", "status 429")],
)
def test_an_answer_that_takes_nothing(
    outbox_session: Callable[..., Session],
    clinic: Database,
    receiver: Receiver,
    status: int,
    state: str,
    failure: str,
) -> None:
    session = outbox_session()
    deliver_outbox(session)
    clinic.execute(ENQUEUE, ("main", 1))
    receiver.answer = lambda _: status
    deliver_outbox(session)
    assert waiting(clinic) == [(state, 1, failure)]
    assert len(receiver.received) == 1
