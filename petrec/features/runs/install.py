"""Bring petrec's own tables into a database, by Alembic."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, text

from petrec.errors import (
    JournalVersionError,
    PermissionMissingError,
    RunNotFoundError,
    SchemaMismatchError,
)
from petrec.features.runs import lock
from petrec.features.runs.tables import (
    SCHEMA,
    changes,
    decisions,
    link_changes,
    plan_items,
    runs,
    skips,
)
from petrec.features.runs.waiting import bounded
from petrec.version import __version__

if TYPE_CHECKING:
    from alembic.config import Config

_SCHEMA_EXISTS = text("SELECT to_regnamespace('petrec') IS NOT NULL")
_MAY_CREATE = text(
    "SELECT has_database_privilege(current_database(), 'CREATE'), quote_ident(current_user),"
    " quote_ident(current_database())"
)
_MAY_USE = text("SELECT has_schema_privilege('petrec', 'USAGE'), quote_ident(current_user)")
_UNWRITABLE = text("""
SELECT c.relname FROM pg_class c
WHERE c.relnamespace = to_regnamespace('petrec') AND c.relname = ANY (CAST(:names AS text[]))
  AND NOT (has_table_privilege(c.oid, 'SELECT') AND has_table_privilege(c.oid, 'INSERT')
           AND has_table_privilege(c.oid, 'UPDATE') AND has_table_privilege(c.oid, 'DELETE'))
ORDER BY 1
""")
_TABLES = [table.name for table in (runs, plan_items, changes, skips, decisions, link_changes)]
_CREATE_SCHEMA = text(f"CREATE SCHEMA {SCHEMA}")
# By the catalog: to_regclass() fails where the role may not use the schema.
_JOURNAL = text("""
SELECT c.relname AS name,
       has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT') AS readable
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'petrec' AND c.relname IN ('runs', 'changes') AND c.relkind = 'r'
""")
# Relations that bear the names of petrec's tables and lack the column that each of them has.
_FOREIGN = text("""
SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'petrec' AND c.relname = ANY(:names) AND NOT (c.relkind = 'r' AND EXISTS (
    SELECT FROM pg_attribute a
    WHERE a.attrelid = c.oid AND NOT a.attisdropped
      AND a.attname = CASE c.relname WHEN 'runs' THEN 'undoes' ELSE 'run_id' END))
ORDER BY c.relname
""")


def alembic_config(connection: Connection) -> "Config":
    """Return Alembic's configuration for migrations on this connection."""
    from alembic.config import Config  # noqa: PLC0415 - a reader needs no Alembic

    config = Config()
    config.set_main_option("script_location", str(migrations_path()).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def migrations_path() -> Path:
    """Return where the migrations are: in an installed package, else in the source tree."""
    package = Path(__file__).parents[2]
    installed = package / "migrations"
    return installed if installed.is_dir() else package.parent / "migrations"


def is_installed(connection: Connection) -> bool:
    """Return whether the journal's tables are there; errors: SchemaMismatchError."""
    _refuse_foreign(connection)
    return runs.name in connection.scalars(_JOURNAL).all()


def is_readable(connection: Connection) -> bool:
    """Return whether the journal is there and this role may read it."""
    if _foreign(connection):
        return False
    found = {row.name for row in connection.execute(_JOURNAL) if row.readable}
    return found == {runs.name, changes.name}


def install_journal(engine: Engine, branch: str = "journal") -> None:
    """Create or upgrade a branch; errors: PermissionMissingError, JournalVersionError."""
    from alembic import command  # noqa: PLC0415 - a reader needs no Alembic
    from alembic.util import CommandError  # noqa: PLC0415

    with (
        engine.connect() as connection,
        bounded(engine, connection),
        lock.installing(connection),
    ):
        _refuse_foreign(connection)
        if not connection.scalar(_SCHEMA_EXISTS):
            _create_schema(connection)
        connection.commit()
        try:
            command.upgrade(alembic_config(connection), f"{branch}@head")
        except CommandError as error:
            hint = f"use the petrec that wrote them, or a newer one than {__version__}"
            raise JournalVersionError(hint=hint) from error
        connection.commit()


def require_journal(engine: Engine, run_id: int) -> None:
    """Check that there are runs at all; errors: RunNotFoundError, SchemaMismatchError."""
    with engine.connect() as connection:
        if not is_installed(connection):
            raise RunNotFoundError(f"there is no run {run_id}", hint="petrec has written nothing")


def journal_hindrances(connection: Connection) -> list[str]:
    """Return for what the journal could not be created or written to; reads only."""
    if not connection.scalar(_SCHEMA_EXISTS):
        allowed, role, database = connection.execute(_MAY_CREATE).one()
        return [] if allowed else [f"it needs GRANT CREATE ON DATABASE {database} TO {role};"]
    usable, role = connection.execute(_MAY_USE).one()
    if not usable:
        return [f"it needs GRANT USAGE ON SCHEMA {SCHEMA} TO {role};"]
    lacking = connection.scalars(_UNWRITABLE, {"names": _TABLES})
    grant = "it needs GRANT SELECT, INSERT, UPDATE, DELETE ON"
    return [f"{grant} {SCHEMA}.{name} TO {role};" for name in lacking]


@contextmanager
def only_writer(engine: Engine, target_name: str) -> Iterator[Connection]:
    """Give a transaction of a target's one writer, with the journal there.

    Errors: see `lock.held` and `install_journal`.
    """
    with engine.connect() as connection, lock.held(connection, target_name):
        install_journal(engine)
        with bounded(engine, connection), connection.begin():
            yield connection


def _foreign(connection: Connection) -> list[str]:
    return list(connection.scalars(_FOREIGN, {"names": _TABLES}))


def _refuse_foreign(connection: Connection) -> None:
    if found := _foreign(connection):
        raise SchemaMismatchError(
            f"schema {SCHEMA!r} belongs to another application: {', '.join(found)} "
            "there is not petrec's",
            hint=f"petrec keeps its journal in schema {SCHEMA}: rename that one, "
            f"ALTER SCHEMA {SCHEMA} RENAME TO ...;",
        )


def _create_schema(connection: Connection) -> None:
    allowed, role, database = connection.execute(_MAY_CREATE).one()
    if not allowed:
        raise PermissionMissingError(
            f"role {role} may not create the schema {SCHEMA!r} that holds petrec's journal",
            hint=f"as an administrator: CREATE SCHEMA {SCHEMA} AUTHORIZATION {role}; "
            f"or GRANT CREATE ON DATABASE {database} TO {role};",
        )
    connection.execute(_CREATE_SCHEMA)
