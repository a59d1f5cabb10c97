"""Alembic environment: runs on the connection that petrec hands in, version table in `petrec`."""

from alembic import context

from petrec.features.runs.journal.tables import revisions

config = context.config


def run() -> None:
    """Migrate on the caller's connection, one transaction per migration."""
    context.configure(
        connection=config.attributes["connection"],
        target_metadata=None,
        version_table=revisions.name,
        version_table_schema=revisions.schema,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


run()
