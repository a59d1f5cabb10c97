"""The outbox: deliver its events, list them, and take up those that were given up."""

from collections.abc import Callable, Sequence

from petrec.errors import SettingsError
from petrec.features.outbox.courier import deliver_due, delivering
from petrec.features.outbox.result import (
    Delivery,
    OutboxDelivery,
    OutboxEvent,
    OutboxList,
    OutboxRetry,
    WebhookCount,
)
from petrec.features.outbox.store import count_states, has_outbox, listed
from petrec.features.outbox.store import retry as take_up
from petrec.features.outbox.table import BRANCH, EventState
from petrec.features.outbox.webhook import Webhook, open_webhooks
from petrec.features.runs.journal.install import install_journal
from petrec.operations.session import Session

_MOST = 100


def deliver_outbox(session: Session) -> OutboxDelivery:
    """Send the events that are due now, once each; creates the outbox if there is none."""
    webhooks = _webhooks(session)
    with session.translated():
        install_journal(session.engine, BRANCH)
        done = deliver_due(session.engine, webhooks)
    return OutboxDelivery(tuple(Delivery(name, *counts) for name, counts in done.items()))


def run_outbox(session: Session, wait: Callable[[], None]) -> None:
    """Deliver until `wait` returns; creates the outbox if there is none."""
    webhooks = _webhooks(session)
    with session.translated():
        install_journal(session.engine, BRANCH)
    with delivering(session.engine, webhooks):
        wait()


def list_outbox(
    session: Session, state: EventState | None = None, *, limit: int = _MOST
) -> OutboxList:
    """Return what is not delivered, the oldest events by name."""
    named = set(session.settings.serve.webhooks)
    with session.translated(), session.engine.connect() as connection:
        if not has_outbox(connection):
            return OutboxList((), ())
        counts = count_states(connection)
        events = [OutboxEvent(**row) for row in connection.execute(listed(state, limit)).mappings()]
    webhooks = tuple(
        WebhookCount(
            name,
            counts.get((name, EventState.WAITING), 0),
            counts.get((name, EventState.DEAD), 0),
            name in named,
        )
        for name in sorted({*named, *(webhook for webhook, _ in counts)})
    )
    return OutboxList(webhooks, tuple(events))


def retry_outbox(session: Session, events: Sequence[int] = ()) -> OutboxRetry:
    """Let dead events be sent again, all or those named."""
    with session.translated(), session.engine.begin() as connection:
        return OutboxRetry(take_up(connection, events) if has_outbox(connection) else 0)


def _webhooks(session: Session) -> Sequence[Webhook]:
    found = open_webhooks(session.settings)
    if not found:
        raise SettingsError(
            "no webhook is configured",
            hint="name one in petrec.toml under [serve.webhooks.NAME], with its url",
        )
    return found
