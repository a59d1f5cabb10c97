"""The table of files that the store still has to delete."""

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    DateTime,
    Identity,
    MetaData,
    Table,
    Text,
    text,
)

from petrec.features.runs.journal.tables import SCHEMA

# A branch of its own in `migrations/`: who erases nothing has no such table.
erasures_metadata = MetaData(schema=SCHEMA)
BRANCH = "erasures"

erasures = Table(
    "erasures",
    erasures_metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("target", Text, nullable=False),
    Column("bucket", Text, nullable=False),
    Column("s3_key", Text, nullable=False),
    Column("erased_at", DateTime(timezone=True), server_default=text("now()"), nullable=False),
)
_EXISTS = text(f"SELECT to_regclass('{SCHEMA}.erasures') IS NOT NULL")
_OUTBOX = text(f"SELECT to_regclass('{SCHEMA}.outbox') IS NOT NULL")


def has_erasures(connection: Connection) -> bool:
    """Return whether the table exists."""
    return bool(connection.scalar(_EXISTS))


def has_outbox(connection: Connection) -> bool:
    """Return whether events may be waiting for webhooks."""
    return bool(connection.scalar(_OUTBOX))
