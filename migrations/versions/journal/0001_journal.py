"""The journal: runs, their plans, every change with its old value, every skipped row.

Revision ID: 0001_journal
Revises:
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "0001_journal"
down_revision = None
branch_labels = ("journal",)
depends_on = None

_SCHEMA = "petrec"
_NOW = sa.text("now()")


def upgrade() -> None:
    """Create the journal's tables."""
    _create_runs()
    _create_items(
        "plan_items",
        sa.Column("appointment_id", sa.Text),
        sa.Column("pet_id", sa.Text, nullable=False),
        strategy=True,
    )
    _create_items(
        "changes",
        sa.Column("old", JSONB, nullable=False),
        sa.Column("new", JSONB, nullable=False),
        sa.Column("batch", sa.Integer, nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), server_default=_NOW, nullable=False),
        strategy=True,
    )
    _create_items(
        "skips",
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("skipped_at", sa.DateTime(timezone=True), server_default=_NOW, nullable=False),
        strategy=False,
    )


def downgrade() -> None:
    """Drop the journal's tables, and with them the means to undo."""
    for name in ("skips", "changes", "plan_items", "runs"):
        op.drop_table(name, schema=_SCHEMA)


def _create_runs() -> None:
    zero = sa.text("0")
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "runs",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("undoes", sa.BigInteger, sa.ForeignKey("petrec.runs.id")),
        sa.Column("target", JSONB, nullable=False),
        sa.Column("pass", sa.Integer, server_default=sa.text("1"), nullable=False),
        sa.Column("cursor", sa.BigInteger, server_default=zero, nullable=False),
        sa.Column("planned", sa.BigInteger, server_default=zero, nullable=False),
        sa.Column("changed", sa.BigInteger, server_default=zero, nullable=False),
        sa.Column("skipped", sa.BigInteger, server_default=zero, nullable=False),
        sa.Column("deferred", sa.BigInteger, server_default=zero, nullable=False),
        sa.Column("batches", sa.Integer, server_default=zero, nullable=False),
        sa.Column("batch_size", sa.Integer, server_default=zero, nullable=False),
        sa.Column("batch_ms", sa.Double, server_default=zero, nullable=False),
        sa.Column("busy_ms", sa.Double, server_default=zero, nullable=False),
        sa.Column("throttled_by", sa.Text),
        sa.Column("failure", sa.Text),
        sa.Column("started_at", moment, server_default=_NOW, nullable=False),
        sa.Column("updated_at", moment, server_default=_NOW, nullable=False),
        sa.Column("finished_at", moment),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("host", sa.Text, nullable=False),
        sa.Column("pid", sa.Integer, nullable=False),
        sa.Column("version", sa.Text, nullable=False),
        schema=_SCHEMA,
    )


def _create_items(name: str, *columns: sa.Column, strategy: bool) -> None:
    origin = [sa.Column("strategy", sa.Text, nullable=False)] if strategy else []
    op.create_table(
        name,
        sa.Column("run_id", sa.BigInteger, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("row_key", ARRAY(sa.Text), nullable=False),
        *origin,
        *columns,
        sa.PrimaryKeyConstraint("run_id", "seq"),
        schema=_SCHEMA,
    )
