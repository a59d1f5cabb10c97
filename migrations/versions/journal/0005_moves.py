"""The key that a recording had before a change of its key.

Revision ID: 0005_moves
Revises: 0004_targets
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0005_moves"
down_revision = "0004_targets"
branch_labels = None
depends_on = None

_SCHEMA = "petrec"


def upgrade() -> None:
    """Add the column; an index holds only rows that have one."""
    op.add_column("changes", sa.Column("old_key", ARRAY(sa.Text)), schema=_SCHEMA)
    op.create_index(
        "changes_old_key",
        "changes",
        ["old_key"],
        schema=_SCHEMA,
        postgresql_where=sa.text("old_key IS NOT NULL"),
    )


def downgrade() -> None:
    """Drop the column."""
    op.drop_index("changes_old_key", "changes", schema=_SCHEMA)
    op.drop_column("changes", "old_key", schema=_SCHEMA)
