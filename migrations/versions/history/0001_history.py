"""The history of reports: one row per run, one per finding ever seen.

Revision ID: 0001_history
Revises:
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001_history"
down_revision = None
branch_labels = ("history",)
depends_on = None

_SCHEMA = "petrec"


def upgrade() -> None:
    """Create the history's tables."""
    op.create_table(
        "history_runs",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("run", JSONB, nullable=False),
        schema=_SCHEMA,
    )
    op.create_index("history_runs_target", "history_runs", ["target", "id"], schema=_SCHEMA)
    op.create_table(
        "history_findings",
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("fingerprint", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("present", sa.Boolean, nullable=False),
        sa.Column("run_id", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("target", "fingerprint"),
        schema=_SCHEMA,
    )


def downgrade() -> None:
    """Drop the history."""
    for name in ("history_findings", "history_runs"):
        op.drop_table(name, schema=_SCHEMA)
