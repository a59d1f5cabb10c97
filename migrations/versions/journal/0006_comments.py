"""Comments on the journal's tables and columns, for readers in psql.

Revision ID: 0006_comments
Revises: 0005_moves
"""

from alembic import op

revision = "0006_comments"
down_revision = "0005_moves"
branch_labels = None
depends_on = None

# By table and column; the empty name is the table itself.
COMMENTS = {
    "runs": {
        "": "One run: a backfill, a review import or an undo; its state, counts and author",
        "id": "Number of the run, for petrec runs show",
        "action": "What the run does: backfill, review or undo",
        "state": "running, stopped (can be resumed), done or abandoned",
        "undoes": "Run that this run undoes; NULL unless action is undo",
        "target": "Table that the run writes to, its key, and the columns that it sets (JSON)",
        "pass": "Which pass over the plan: rows that were locked are tried again in the next one",
        "cursor": "Last seq that this pass has finished",
        "planned": "Rows in the plan",
        "changed": "Rows written so far",
        "skipped": "Rows that were skipped, each with a row in skips",
        "deferred": "Rows that were locked in this pass and are tried again in the next one",
        "batches": "Batches committed so far",
        "batch_size": "Rows in the next batch",
        "batch_ms": "Duration of the last batch in milliseconds",
        "busy_ms": "Time spent in batches and in waiting between them, in milliseconds",
        "throttled_by": "What the run waits for now, such as a replica's lag; NULL if nothing",
        "failure": "Why the run stopped; NULL unless it did",
        "started_at": "When the run began",
        "updated_at": "When the run last committed",
        "finished_at": "When the run was done or abandoned; NULL before that",
        "role": "Database role that started or resumed the run",
        "host": "Host of the process that started or resumed the run",
        "pid": "Process id on that host",
        "version": "Version of petrec that started or resumed the run",
    },
    "plan_items": {
        "": "One recording that a run will change, with the pet and the evidence for it",
        "run_id": "Run that the row belongs to",
        "seq": "Number within the run, in the physical order of the recordings",
        "row_key": "Primary key of the recording as text, its id first",
        "strategy": "Evidence for the pet: visit or single_pet",
        "appointment_id": "Appointment to lock while the row is written; NULL if it has none",
        "pet_id": "Pet to assign",
    },
    "changes": {
        "": "One recording that a run changed, with the old and the new values; undo reads it",
        "run_id": "Run that the row belongs to",
        "seq": "Number within the run",
        "row_key": "Primary key of the recording after the change, as text, its id first",
        "strategy": "Evidence for the change, or the decision of a person",
        "old": "Columns of the run and their values before (JSON)",
        "new": "Columns of the run and their values after (JSON)",
        "old_key": "Primary key before the change; NULL where the key did not change",
        "batch": "Batch of the run in which the row was written",
        "changed_at": "Start of the transaction that wrote the row",
    },
    "skips": {
        "": "One recording that a run skipped, and why",
        "run_id": "Run that the row belongs to",
        "seq": "Number within the run",
        "row_key": "Primary key of the recording as text, its id first",
        "cause": "overtaken (evidence changed), refused (by the server), rewritten (by a trigger)",
        "reason": "The same in a sentence",
        "skipped_at": "Start of the transaction that skipped the row",
    },
    "decisions": {
        "": "The decision of a person on one case, and its source",
        "run_id": "Run that the row belongs to",
        "seq": "Number within the run",
        "row_key": "Primary key of the recording as text, its id first",
        "kind": "Kind of damage when the case was exported",
        "state": "Digest of the values that the decision is based on, to detect changes",
        "verdict": "assign, link, leave or unknown",
        "pet_id": "Pet that was chosen; NULL if none was",
        "appointment_id": "Appointment that the recording gets; NULL if that does not change",
        "reviewer": "Who decided",
        "note": "What the reviewer wrote",
        "source": "File, sheet and line of the decision",
        "decided_at": "When the decision was imported",
    },
    "links": {
        "": "One pet that a run needed in an appointment",
        "run_id": "Run that the row belongs to",
        "seq": "Number within the run",
        "appointment_id": "Appointment",
        "pet_id": "Pet",
        "action": "added (by the run), present (before it) or removed (by an undo)",
        "changed_at": "Start of the transaction that wrote the row",
    },
    "alembic_version": {
        "": "Which revisions of these tables are installed; Alembic reads and writes it",
        "version_num": "Revision of one branch: the journal or the history",
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
