"""The table of the outbox, and the states of its rows."""

from enum import StrEnum

from sqlalchemy import (
    UUID,
    BigInteger,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    text,
)

# A branch of its own in `migrations/`: who has no webhooks has no outbox.
outbox_metadata = MetaData(schema="petrec")
BRANCH = "outbox"


class EventState(StrEnum):
    """The state of an event for a webhook; one that is delivered has no row any more."""

    WAITING = "waiting"
    DEAD = "dead"


class EventType(StrEnum):
    """What happened."""

    UPLOADED = "recording.uploaded"


outbox = Table(
    "outbox",
    outbox_metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("event_id", UUID(as_uuid=False), nullable=False),
    Column("webhook", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("state", Text, server_default=text("'waiting'"), nullable=False),
    Column("attempts", Integer, server_default=text("0"), nullable=False),
    Column("next_at", DateTime(timezone=True), server_default=text("now()"), nullable=False),
    Column("failure", Text),
    # The table of the recording; NULL in rows of older versions.
    Column("target", Text),
    Column("created_at", DateTime(timezone=True), server_default=text("now()"), nullable=False),
    Index("outbox_next", "webhook", "next_at", postgresql_where=text("state = 'waiting'")),
)
