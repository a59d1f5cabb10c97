"""Create petrec's own tables in a database, by Alembic."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine
from sqlalchemy.schema import CreateSchema

from petrec.errors import (
    JournalVersionError,
    PermissionMissingError,
)
from petrec.features.runs.journal import lock
from petrec.features.runs.journal.presence import (
    MAY_CREATE,
    SCHEMA_EXISTS,
    recorded_revisions,
    refuse_foreign,
)
from petrec.features.runs.journal.tables import SCHEMA
from petrec.features.runs.journal.together import NO_TENANT, check_coordinator, commit_together
from petrec.schema import PLAIN, Layout
from petrec.version import __version__

if TYPE_CHECKING:
    from alembic.config import Config


def alembic_config(connection: Connection) -> "Config":
    """Return Alembic's configuration for migrations on this connection."""
    from alembic.config import Config  # noqa: PLC0415 - a reader needs no Alembic

    config = Config()
    config.set_main_option("script_location", str(migrations_path()).replace("%", "%%"))
    config.set_main_option("recursive_version_locations", "true")
    config.attributes["connection"] = connection
    return config


def migrations_path() -> Path:
    """Return the migrations' directory: in an installed package, else in the source tree."""
    package = Path(__file__).parents[3]
    installed = package / "migrations"
    return installed if installed.is_dir() else package.parent / "migrations"


def install_journal(engine: Engine, branch: str = "journal") -> None:
    """Create or upgrade a branch; errors: PermissionMissingError, JournalVersionError."""
    with engine.connect() as connection, lock.bounded(connection):
        _install(connection, branch)


def _install(connection: Connection, branch: str) -> None:
    """Create or upgrade a branch on a connection whose waits are bounded."""
    with lock.installing(connection):
        refuse_foreign(connection)
        if not _is_newest(recorded_revisions(connection), branch):
            _upgrade(connection, branch)


def _is_newest(recorded: set[str], branch: str) -> bool:
    """Return whether the branch's last revision is recorded, and none of a newer petrec.

    Each branch has a directory, and each revision's file its name and number.
    """
    versions = migrations_path() / "versions"
    known = {file.stem for file in versions.glob("*/*.py")}
    last = max(file.stem for file in (versions / branch).glob("*.py"))
    return last in recorded and recorded <= known


def _upgrade(connection: Connection, branch: str) -> None:
    from alembic import command  # noqa: PLC0415 - most commands need no Alembic
    from alembic.util import CommandError  # noqa: PLC0415

    if not connection.scalar(SCHEMA_EXISTS):
        _create_schema(connection)
    connection.commit()
    try:
        command.upgrade(alembic_config(connection), f"{branch}@head")
    except CommandError as error:
        hint = f"use the version that wrote them, or one newer than {__version__}"
        raise JournalVersionError(hint=hint) from error
    connection.commit()


@contextmanager
def only_writer(engine: Engine, target_name: str) -> Iterator[Connection]:
    """Open a transaction as the only writer of a target; errors: see `lock.held` and `planning`."""
    with (
        engine.connect() as connection,
        lock.held(connection, target_name),
        planning(engine, connection),
    ):
        yield connection


@contextmanager
def planning(engine: Engine, connection: Connection, layout: Layout = PLAIN) -> Iterator[None]:
    """Install the journal and open a transaction in it; errors: see `install_journal`.

    Recordings of another node are committed together with it, see `together`.
    """
    if not layout.is_here:
        check_coordinator(engine)
    with lock.bounded(connection):
        _install(connection, "journal")
        if not layout.is_here:
            commit_together(engine)
        with connection.begin():
            yield


def _create_schema(connection: Connection) -> None:
    allowed, role, database = connection.execute(MAY_CREATE).one()
    if not allowed:
        raise PermissionMissingError(
            f"role {role} may not create the schema {SCHEMA!r} that holds petrec's journal",
            hint=f"as an administrator: CREATE SCHEMA {SCHEMA} AUTHORIZATION {role}; "
            f"or GRANT CREATE ON DATABASE {database} TO {role};",
        )
    connection.execute(NO_TENANT)
    connection.execute(CreateSchema(SCHEMA))
