"""Bring petrec's own tables into a database, by Alembic."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, text

import petrec
from petrec.errors import PermissionMissingError
from petrec.journal.tables import SCHEMA, runs

_SCHEMA_EXISTS = text("SELECT to_regnamespace('petrec') IS NOT NULL")
_MAY_CREATE = text(
    "SELECT has_database_privilege(current_database(), 'CREATE'), quote_ident(current_user),"
    " quote_ident(current_database())"
)
_CREATE_SCHEMA = text(f"CREATE SCHEMA {SCHEMA}")
_TABLE_READABLE = text(
    "SELECT coalesce(has_schema_privilege(to_regnamespace('petrec'), 'USAGE')"
    " AND has_table_privilege(to_regclass('petrec.changes'), 'SELECT'), false)"
)
_TABLE_EXISTS = text("SELECT to_regclass(:name) IS NOT NULL")


def alembic_config(connection: Connection) -> Config:
    """Return Alembic's configuration for migrations on this connection."""
    config = Config()
    config.set_main_option("script_location", str(migrations_path()).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def migrations_path() -> Path:
    """Return where the migrations are: in an installed package, else in the source tree."""
    package = Path(petrec.__file__).parent
    installed = package / "migrations"
    return installed if installed.is_dir() else package.parent / "migrations"


def is_installed(connection: Connection) -> bool:
    """Say whether the journal's tables are there."""
    return bool(connection.scalar(_TABLE_EXISTS, {"name": runs.fullname}))


def is_readable(connection: Connection) -> bool:
    """Say whether the journal is there and this role may read it."""
    return bool(connection.scalar(_TABLE_READABLE))


def install_journal(engine: Engine, branch: str = "journal") -> None:
    """Create or upgrade the journal, or another branch; errors: PermissionMissingError."""
    with engine.connect() as connection:
        if not connection.scalar(_SCHEMA_EXISTS):
            _create_schema(connection)
        connection.commit()
        command.upgrade(alembic_config(connection), f"{branch}@head")
        connection.commit()


def _create_schema(connection: Connection) -> None:
    allowed, role, database = connection.execute(_MAY_CREATE).one()
    if not allowed:
        raise PermissionMissingError(
            f"role {role} may not create the schema {SCHEMA!r} that holds petrec's journal",
            hint=f"as an administrator: CREATE SCHEMA {SCHEMA} AUTHORIZATION {role}; "
            f"or GRANT CREATE ON DATABASE {database} TO {role};",
        )
    connection.execute(_CREATE_SCHEMA)
