"""The target of an event: an erasure takes the events of its own recordings only.

Revision ID: 0002_outbox_targets
Revises: 0001_outbox
"""

import sqlalchemy as sa
from alembic import op

revision = "0002_outbox_targets"
down_revision = "0001_outbox"
branch_labels = None
depends_on = None

COMMENTS = {
    "outbox": {"target": "Unique name of the table of recordings; NULL in rows of older versions"}
}


def upgrade() -> None:
    """Add the column; no row is written."""
    comment = COMMENTS["outbox"]["target"]
    op.add_column("outbox", sa.Column("target", sa.Text, comment=comment), schema="petrec")


def downgrade() -> None:
    """Drop the column."""
    op.drop_column("outbox", "target", schema="petrec")
