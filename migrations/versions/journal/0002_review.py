"""Decisions of people, and the pets that a run adds to appointments or takes away again.

Revision ID: 0002_review
Revises: 0001_journal
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0002_review"
down_revision = "0001_journal"
branch_labels = None
depends_on = None

_SCHEMA = "petrec"
_NOW = sa.text("now()")


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "decisions",
        sa.Column("run_id", sa.BigInteger, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("row_key", ARRAY(sa.Text), nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("verdict", sa.Text, nullable=False),
        sa.Column("pet_id", sa.Text),
        sa.Column("appointment_id", sa.Text),
        sa.Column("reviewer", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), server_default=_NOW, nullable=False),
        sa.PrimaryKeyConstraint("run_id", "seq"),
        schema=_SCHEMA,
    )
    op.create_index("decisions_row_key", "decisions", ["row_key"], schema=_SCHEMA)
    op.create_table(
        "links",
        sa.Column("run_id", sa.BigInteger, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("appointment_id", sa.Text, nullable=False),
        sa.Column("pet_id", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), server_default=_NOW, nullable=False),
        sa.PrimaryKeyConstraint("run_id", "seq"),
        schema=_SCHEMA,
    )


def downgrade() -> None:
    """Drop the tables, and with them who decided what."""
    op.drop_table("links", schema=_SCHEMA)
    op.drop_table("decisions", schema=_SCHEMA)
