"""What the outbox holds, and what one delivery of it has done."""

from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import Struct

from petrec.documents.amounts import counted
from petrec.documents.document import Document, Grid, Result
from petrec.documents.frames import records_frame
from petrec.features.outbox.table import EventState

if TYPE_CHECKING:
    from pandas import DataFrame


class OutboxEvent(Struct, frozen=True):
    """An event for a webhook; `failure` is why the last attempt failed."""

    id: int
    event_id: str
    webhook: str
    type: str
    state: EventState
    attempts: int
    next_at: datetime
    failure: str | None
    created_at: datetime


class WebhookCount(Struct, frozen=True):
    """How many events a webhook has, and whether the settings name it."""

    webhook: str
    waiting: int
    dead: int
    configured: bool


class OutboxList(Result, frozen=True):
    """The events that are not delivered: all by number, the oldest of them by id."""

    webhooks: tuple[WebhookCount, ...]
    events: tuple[OutboxEvent, ...]
    command: str = "outbox list"

    @property
    def dead(self) -> int:
        """Return how many events were given up."""
        return sum(each.dead for each in self.webhooks)

    def frame(self) -> "DataFrame":
        """Return the events as a data frame."""
        return records_frame(OutboxEvent, self.events)

    def document(self) -> Document:
        """Return the form for rendering."""
        waiting = sum(each.waiting for each in self.webhooks)
        title = f"{counted(waiting, 'event')} waiting, {self.dead} dead"
        counts = tuple(
            (each.webhook, each.waiting, each.dead, "yes" if each.configured else "no")
            for each in self.webhooks
        )
        rows = tuple(
            (e.id, e.webhook, e.type, e.state, e.attempts, f"{e.created_at:%Y-%m-%d %H:%M:%S}",
             e.failure)
            for e in self.events
        )  # fmt: skip
        grids = (
            Grid("Webhooks", ("webhook", "waiting", "dead", "configured"), counts),
            Grid(
                "Events",
                ("event", "webhook", "type", "state", "attempts", "since", "last failure"),
                rows,
            ),
        )
        notes = ("to send dead events again: petrec outbox retry",) if self.dead else ()
        return Document(self.command, title, self, grids, notes=notes)


class Delivery(Struct, frozen=True):
    """How many events each webhook took, and how many it did not."""

    webhook: str
    delivered: int
    failed: int


class OutboxDelivery(Result, frozen=True):
    """One delivery of all events that were due."""

    webhooks: tuple[Delivery, ...]
    command: str = "outbox run"

    @property
    def failed(self) -> int:
        """Return how many events were not taken."""
        return sum(each.failed for each in self.webhooks)

    def frame(self) -> "DataFrame":
        """Return the webhooks as a data frame."""
        return records_frame(Delivery, self.webhooks)

    def document(self) -> Document:
        """Return the form for rendering."""
        delivered = sum(each.delivered for each in self.webhooks)
        title = f"{counted(delivered, 'event')} delivered, {self.failed} not"
        rows = tuple((each.webhook, each.delivered, each.failed) for each in self.webhooks)
        grid = Grid("Webhooks", ("webhook", "delivered", "not delivered"), rows)
        return Document(self.command, title, self, (grid,))


class OutboxRetry(Result, frozen=True):
    """Dead events that were taken up again."""

    taken_up: int
    command: str = "outbox retry"

    def frame(self) -> "DataFrame":
        """Return the count as a data frame."""
        return records_frame(OutboxRetry, [self])

    def document(self) -> Document:
        """Return the form for rendering."""
        title = f"{counted(self.taken_up, 'event')} waiting again"
        return Document(self.command, title, self)
