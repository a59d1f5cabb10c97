"""Files of erased recordings, until the store has deleted them.

Revision ID: 0001_erasures
Revises:
"""

import sqlalchemy as sa
from alembic import op

revision = "0001_erasures"
down_revision = None
branch_labels = ("erasures",)
depends_on = None

COMMENTS = {
    "erasures": {
        "": "The file of one erased recording; the row goes when the store has deleted it",
        "id": "Number of the row",
        "target": "Unique name of the table of recordings",
        "bucket": "Bucket that holds the file",
        "s3_key": "Key of the file in the bucket",
        "erased_at": "Start of the transaction that deleted the recording",
    }
}


def upgrade() -> None:
    """Create the table."""
    own = COMMENTS["erasures"]
    texts = ("target", "bucket", "s3_key")
    op.create_table(
        "erasures",
        sa.Column(
            "id", sa.BigInteger, sa.Identity(always=True), primary_key=True, comment=own["id"]
        ),
        *(sa.Column(name, sa.Text, nullable=False, comment=own[name]) for name in texts),
        sa.Column(
            "erased_at",
            sa.DateTime(timezone=True),
            nullable=False,
            server_default=sa.text("now()"),
            comment=own["erased_at"],
        ),
        schema="petrec",
        comment=own[""],
    )


def downgrade() -> None:
    """Drop the table, and with it which files are still to be deleted."""
    op.drop_table("erasures", schema="petrec")
