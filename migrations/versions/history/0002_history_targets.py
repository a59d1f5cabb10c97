"""Name each target of the history with every part in quotes.

Revision ID: 0002_history_targets
Revises: 0001_history
"""

from alembic import op

revision = "0002_history_targets"
down_revision = "0001_history"
branch_labels = None
depends_on = None

# A name with several dots may mean several tables; the catalog knows which of them are there.
# Where it is not one, nothing is guessed: the rows keep a name that no table has.
_NAME = """
UPDATE petrec.{table} SET target = coalesce(
    (SELECT min(format('"%s"."%s"', replace(n.nspname, '"', '""'), replace(c.relname, '"', '""')))
     FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname || '.' || c.relname = target AND c.relkind IN ('r', 'p')
     HAVING count(*) = 1),
    '"' || replace(target, '.', '"."') || '"')
"""
_UNNAME = """
UPDATE petrec.{table} SET target =
    replace(replace(substr(target, 2, length(target) - 2), '"."', '.'), '""', '"')
"""
_TABLES = ("history_runs", "history_findings")


def upgrade() -> None:
    """Put the names in quotes."""
    for table in _TABLES:
        op.execute(_NAME.format(table=table))


def downgrade() -> None:
    """Take the quotes out again."""
    for table in _TABLES:
        op.execute(_UNNAME.format(table=table))
