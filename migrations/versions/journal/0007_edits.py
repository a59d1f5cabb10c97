"""Values that a run writes to recordings which still hold what is expected.

Revision ID: 0007_edits
Revises: 0006_comments
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "0007_edits"
down_revision = "0006_comments"
branch_labels = None
depends_on = None

COMMENTS = {
    "edits": {
        "": "One recording that a run edits, with the values expected and wanted",
        "run_id": "Run that the row belongs to",
        "seq": "Number within the run",
        "row_key": "Primary key of the recording as text, its id first",
        "reason": "Why the row is written",
        "expected": "Columns and the values that they must still hold (JSON)",
        "wanted": "Columns and the values to write (JSON)",
        "author": "Who decided; NULL if petrec did",
    }
}
_KINDS: dict[str, sa.types.TypeEngine[object]] = {
    "run_id": sa.BigInteger(),
    "seq": sa.BigInteger(),
    "row_key": ARRAY(sa.Text),
    "reason": sa.Text(),
    "expected": JSONB(),
    "wanted": JSONB(),
    "author": sa.Text(),
}


def upgrade() -> None:
    """Create the table."""
    own = COMMENTS["edits"]
    op.create_table(
        "edits",
        *(
            sa.Column(name, kind, nullable=name == "author", comment=own[name])
            for name, kind in _KINDS.items()
        ),
        sa.PrimaryKeyConstraint("run_id", "seq"),
        schema="petrec",
        comment=own[""],
    )


def downgrade() -> None:
    """Drop the table, and with it who wanted what."""
    op.drop_table("edits", schema="petrec")
