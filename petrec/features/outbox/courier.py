"""Couriers: one thread for each webhook, so that a slow receiver delays only its own events."""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from threading import Event, Thread

from sqlalchemy import Connection, Engine

from petrec.features.outbox.send import Attempt, send
from petrec.features.outbox.store import Claimed, claim, read_now, settle
from petrec.features.outbox.webhook import Webhook

logger = logging.getLogger("petrec.outbox")

_AT_ONCE = 8
# How long to wait where nothing is to be sent, and after an error; in seconds.
_POLL_S, _ERROR_S = 1.0, 5.0
# How long the end waits: longer than any attempt takes. A connection may hang for much longer.
_END_S = 20.0


def deliver_due(engine: Engine, webhooks: Sequence[Webhook]) -> dict[str, tuple[int, int]]:
    """Send what is due now, once each; returns by webhook how many were taken and how many not.

    Errors: the database's.
    """
    done = {}
    with engine.connect() as connection, ThreadPoolExecutor(_AT_ONCE) as pool:
        with connection.begin():
            now = read_now(connection)
        for webhook in webhooks:
            attempts: list[Attempt] = []
            while some := _round(connection, pool, webhook, now):
                attempts += some
            failed = sum(bool(attempt.failure) for attempt in attempts)
            done[webhook.name] = (len(attempts) - failed, failed)
    return done


@contextmanager
def delivering(
    engine: Engine, webhooks: Sequence[Webhook], prepare: Callable[[], None] = lambda: None
) -> Iterator[None]:
    """Deliver in the background for the block; at its end, what is being sent is finished.

    A courier whose database does not answer is left behind: as a daemon it keeps no process.

    Each courier calls `prepare` until it has worked once, and sends nothing before.
    """
    stop = Event()
    threads = [
        Thread(target=_deliver, args=(engine, each, stop, prepare), daemon=True)
        for each in webhooks
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        end = time.monotonic() + _END_S
        for thread in threads:
            thread.join(max(0.0, end - time.monotonic()))


def _deliver(engine: Engine, webhook: Webhook, stop: Event, prepare: Callable[[], None]) -> None:
    is_prepared = False
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        while not stop.is_set():
            try:
                if not is_prepared:
                    prepare()
                    is_prepared = True
                with engine.connect() as connection:
                    while not stop.is_set():
                        if not _round(connection, pool, webhook):
                            stop.wait(_POLL_S)
            # Nobody would notice a courier that has ended, so it continues. The error's message
            # may hold an address, so only its type is logged.
            except Exception as error:  # noqa: BLE001
                logger.warning("Cannot deliver the outbox: %s", type(error).__name__)
                stop.wait(_ERROR_S)


def _round(
    connection: Connection,
    pool: ThreadPoolExecutor,
    webhook: Webhook,
    due_by: datetime | None = None,
) -> list[Attempt]:
    """Claim some events, send them while no transaction is open, and note how that ended."""
    with connection.begin():
        events = claim(connection, webhook.name, _AT_ONCE, due_by)
    attempts = list(pool.map(partial(_send, webhook), events))
    for event, attempt in zip(events, attempts, strict=True):
        with connection.begin():
            settle(connection, event, attempt)
    return attempts


def _send(webhook: Webhook, event: Claimed) -> Attempt:
    attempt = send(webhook, event.event_id, event.body)
    known = {"webhook": webhook.name, "event_id": event.event_id, "attempts": event.attempts}
    if attempt.failure:
        logger.warning("Event not delivered: %s", attempt.failure, extra=known)
    else:
        logger.info("Event delivered", extra=known)
    return attempt
