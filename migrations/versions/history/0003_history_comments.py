"""Comments on the tables and columns of recorded reports.

Revision ID: 0003_history_comments
Revises: 0002_history_targets
"""

from alembic import op

revision = "0003_history_comments"
down_revision = "0002_history_targets"
branch_labels = None
depends_on = None

# By table and column; the empty name is the table itself.
COMMENTS = {
    "history_runs": {
        "": "One report with --record: what it counted",
        "id": "Number of the report",
        "target": "Table of recordings that was counted, every part of its name in quotes",
        "taken_at": "When the snapshot was taken",
        "run": "The counts by kind and the warnings (JSON)",
    },
    "history_findings": {
        "": "One finding that some report has seen, as a hash; written only when it comes or goes",
        "target": "Table of recordings, every part of its name in quotes",
        "fingerprint": "Hash of the recording and its kind; no id can be read from it",
        "kind": "Kind of damage",
        "present": "Whether the last report that changed this row saw the finding",
        "run_id": "Report in which the finding last came or went",
    },
}


def upgrade() -> None:
    """Comment on every table and column."""
    for table, comments in COMMENTS.items():
        for column, comment in comments.items():
            if column:
                op.alter_column(table, column, comment=comment, schema="petrec")
            else:
                op.create_table_comment(table, comment, schema="petrec")


def downgrade() -> None:
    """Remove the comments."""
    for table, comments in COMMENTS.items():
        for column in comments:
            if column:
                op.alter_column(table, column, comment=None, schema="petrec")
            else:
                op.drop_table_comment(table, schema="petrec")
