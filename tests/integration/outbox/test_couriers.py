"""What delivers the outbox goes on whatever happens, and ends when it is told to."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import create_engine

from petrec.api.host import outbox as host_outbox
from petrec.api.host.lifespan import ending
from petrec.api.host.outbox import with_couriers
from petrec.errors import ConnectionFailedError
from petrec.features.outbox import courier, send
from petrec.features.outbox.enqueue import FITTING
from petrec.features.outbox.webhook import open_webhooks
from petrec.features.runs.journal.install import install_journal
from petrec.operations.outbox import deliver_outbox
from petrec.operations.session import Session
from tests.plugins.databases import Database
from tests.plugins.receiver import DUE, ENQUEUE, Receiver, as_first_released, waiting
from tests.plugins.waiting import until


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


@pytest.mark.parametrize("is_older", [False, True])
def test_an_outbox_that_cannot_be_made_fit_at_the_start_is_later(
    is_older: bool,
    outbox_session: Callable[..., Session],
    clinic: Database,
    receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    session = outbox_session()
    if is_older:
        install_journal(session.engine, "outbox")
        as_first_released(session.engine)
    webhooks = open_webhooks(session.settings)
    lifespan = with_couriers(ending(session.engine, lambda _: True), session.engine, webhooks)
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
            await asyncio.to_thread(until, lambda: clinic.execute(FITTING) == [(True,)])
            clinic.execute(ENQUEUE, ("main", 2))
            await asyncio.to_thread(until, lambda: len(receiver.received) == 2)

    asyncio.run(serve())
    assert waiting(clinic) == []


def test_an_older_outbox_of_another_owner_is_delivered_from(
    outbox_session: Callable[..., Session],
    clinic: Database,
    receiver: Receiver,
    caplog: pytest.LogCaptureFixture,
) -> None:
    session, role = outbox_session(), f"sends_{clinic.name}"
    install_journal(session.engine, "outbox")
    as_first_released(session.engine)
    clinic.execute(ENQUEUE, ("main", 2))
    clinic.execute(
        f"CREATE ROLE {role} LOGIN; GRANT USAGE ON SCHEMA petrec TO {role};"
        f"GRANT SELECT ON petrec.alembic_version TO {role};"
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON petrec.outbox TO {role}"
    )
    dsn = clinic.cluster.dsn(clinic.name, role)
    engine = create_engine(dsn.replace("postgresql:", "postgresql+psycopg:"))
    webhooks = open_webhooks(session.settings)
    lifespan = with_couriers(ending(engine, lambda _: True), engine, webhooks)

    async def serve() -> None:
        async with lifespan(FastAPI()):
            await asyncio.to_thread(until, lambda: waiting(clinic) == [])

    asyncio.run(serve())
    assert (len(receiver.received), clinic.execute(FITTING)) == (2, [])
    reason = "SQLSTATE 42501, must be owner of table outbox"
    assert f"Cannot create or upgrade the outbox: {reason}" in caplog.messages
    engine.dispose()
    clinic.execute(f"DROP OWNED BY {role}; DROP ROLE {role}")


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
