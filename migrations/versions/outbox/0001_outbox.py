"""The outbox: events for webhooks, until they are delivered.

Revision ID: 0001_outbox
Revises:
"""

import sqlalchemy as sa
from alembic import op

revision = "0001_outbox"
down_revision = None
branch_labels = ("outbox",)
depends_on = None

COMMENTS = {
    "outbox": {
        "": "One event for one webhook; the row goes when the webhook has taken it",
        "id": "Number of the row, for petrec outbox retry",
        "event_id": "Id of the event, the same for all webhooks and all attempts",
        "webhook": "Name of the webhook in the settings",
        "type": "What happened, such as recording.uploaded",
        "body": "What is sent, as it is signed",
        "state": "waiting or dead (given up; petrec outbox retry takes it up again)",
        "attempts": "How often it was sent",
        "next_at": "When it is sent next; while it is being sent, when others may do so",
        "failure": "Why the last attempt failed; NULL before that",
        "created_at": "Start of the transaction that wrote it",
    }
}
_OWN = COMMENTS["outbox"]


def _column(name: str, kind: sa.types.TypeEngine[object], default: str | None = None) -> sa.Column:  # type: ignore[type-arg]
    return sa.Column(
        name,
        kind,
        nullable=name == "failure",
        server_default=None if default is None else sa.text(default),
        comment=_OWN[name],
    )


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "outbox",
        sa.Column(
            "id", sa.BigInteger, sa.Identity(always=True), primary_key=True, comment=_OWN["id"]
        ),
        _column("event_id", sa.UUID()),
        _column("webhook", sa.Text()),
        _column("type", sa.Text()),
        _column("body", sa.Text()),
        _column("state", sa.Text(), "'waiting'"),
        _column("attempts", sa.Integer(), "0"),
        _column("next_at", sa.DateTime(timezone=True), "now()"),
        _column("failure", sa.Text()),
        _column("created_at", sa.DateTime(timezone=True), "now()"),
        schema="petrec",
        comment=_OWN[""],
    )
    op.create_index(
        "outbox_next",
        "outbox",
        ["webhook", "next_at"],
        schema="petrec",
        postgresql_where=sa.text("state = 'waiting'"),
    )


def downgrade() -> None:
    """Drop the table, and with it what is not delivered."""
    op.drop_table("outbox", schema="petrec")
