"""Name each run's target with every part in quotes; a run that was undone is not resumed.

Revision ID: 0004_targets
Revises: 0003_causes
"""

from alembic import op

revision = "0004_targets"
down_revision = "0003_causes"
branch_labels = None
depends_on = None

# A name with several dots may mean several tables; the catalog knows which of them are there.
# Where it is not one, nothing is guessed: the run keeps a name that no table has.
_NAME = """
UPDATE petrec.runs SET target = jsonb_set(target, '{name}', to_jsonb(coalesce(
    (SELECT min(format('"%s"."%s"', replace(n.nspname, '"', '""'), replace(c.relname, '"', '""')))
     FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname || '.' || c.relname = target->>'table' AND c.relkind IN ('r', 'p')
     HAVING count(*) = 1),
    '"' || replace(target->>'table', '.', '"."') || '"')))
WHERE NOT target ? 'name'
"""
_CLOSE = """
UPDATE petrec.runs SET state = 'abandoned', finished_at = clock_timestamp()
WHERE state IN ('running', 'stopped')
  AND EXISTS (SELECT FROM petrec.runs undo WHERE undo.undoes = runs.id AND undo.changed > 0)
"""
_UNNAME = "UPDATE petrec.runs SET target = target - 'name'"


def upgrade() -> None:
    """Fill in what older versions have not written."""
    op.execute(_NAME)
    op.execute(_CLOSE)


def downgrade() -> None:
    """Take the names out again; a run that was closed stays closed."""
    op.execute(_UNNAME)
