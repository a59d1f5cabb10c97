"""The journal of recordings on other nodes, committed with them or not at all.

Citus commits one changed worker before the coordinator, and a crash between the two would lose
the journal of what was written. A transaction that changes a table of the coordinator that Citus
manages is prepared on each worker first, and both commit or neither does. Every batch records its
progress in `runs`, so that is the table it manages.
"""

from sqlalchemy import Engine, text

from petrec.errors import UnsupportedServerError
from petrec.features.runs.journal import lock
from petrec.features.runs.journal.tables import SCHEMA, runs

# With schema-based sharding a new schema would be a tenant, and its tables on one worker.
NO_TENANT = text("""
SELECT set_config('citus.enable_schema_based_sharding', 'off', true)
FROM pg_extension WHERE extname = 'citus'
""")
_KNOWN = text("SELECT EXISTS (SELECT FROM pg_dist_node WHERE groupid = 0)")
_MANAGED = text("""
SELECT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = CAST(:name AS regclass))
""")
_MANAGE = text("SELECT pg_catalog.citus_add_local_table_to_metadata(CAST(:name AS regclass))")
# When Citus starts to manage a table, it numbers the next rows from 1 again.
_NUMBER_ON = text("""
SELECT setval(pg_get_serial_sequence(:name, 'id'), max(id)) FROM petrec.runs HAVING max(id) > 0
""")
_NAME = {"name": f"{SCHEMA}.{runs.name}"}


def check_coordinator(engine: Engine) -> None:
    """Check that Citus can commit both together; errors: UnsupportedServerError."""
    with engine.connect() as connection:
        if not connection.scalar(_KNOWN):
            raise UnsupportedServerError(
                "Citus does not know its coordinator as a node, so recordings and their journal "
                "could not be committed together",
                hint="as an administrator: SELECT citus_set_coordinator_host('HOST', PORT);",
            )


def commit_together(engine: Engine) -> None:
    """Let Citus manage the table of runs."""
    with (
        engine.connect() as connection,
        lock.bounded(connection),
        # Citus renames the table: a session that waited for it would look for the old one.
        lock.installing(connection),
        connection.begin(),
    ):
        if not connection.scalar(_MANAGED, _NAME):
            connection.execute(_MANAGE, _NAME)
            connection.execute(_NUMBER_ON, _NAME)
