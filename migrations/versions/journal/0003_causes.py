"""Why a row was not written as planned, in a column of its own.

Revision ID: 0003_causes
Revises: 0002_review
"""

import sqlalchemy as sa
from alembic import op

revision = "0003_causes"
down_revision = "0002_review"
branch_labels = None
depends_on = None

_SCHEMA = "petrec"


def upgrade() -> None:
    """Add the column: until now every skipped row was overtaken by events."""
    default = sa.text("'overtaken'")
    cause = sa.Column("cause", sa.Text, server_default=default, nullable=False)
    op.add_column("skips", cause, schema=_SCHEMA)


def downgrade() -> None:
    """Drop the column."""
    op.drop_column("skips", "cause", schema=_SCHEMA)
