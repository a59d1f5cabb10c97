"""A host project with an Alembic tree of its own, run as its owner would."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.plugins.forks import Completed, Forks

ENV = """
import os
from alembic import context
from sqlalchemy import create_engine, pool

if context.is_offline_mode():
    context.configure(dialect_name="postgresql")
    with context.begin_transaction():
        context.run_migrations()
else:
    engine = create_engine(os.environ["HOST_URL"], poolclass=pool.NullPool)
    with engine.connect() as connection:
        context.configure(connection=connection)
        with context.begin_transaction():
            context.run_migrations()
"""
FIRST = """
from alembic import op

revision = {id!r}
down_revision = None
branch_labels = None
depends_on = None


def upgrade():
    op.execute("CREATE TABLE {id} (n int)")


def downgrade():
    op.execute("DROP TABLE {id}")
"""


class Project:
    """The tree's directory and the database that it migrates."""

    def __init__(self, directory: Path, dsn: str, forks: Forks) -> None:
        self.directory = directory
        self.forks = forks
        self.versions = directory / "migrations" / "versions"
        self.versions.mkdir(parents=True)
        self.url = dsn.replace("postgresql:", "postgresql+psycopg:")
        (directory / "alembic.ini").write_text("[alembic]\nscript_location = migrations\n")
        (directory / "migrations" / "env.py").write_text(ENV)
        self.add("first")

    def add(self, revision: str) -> None:
        """Write a revision that depends on none."""
        (self.versions / f"{revision}.py").write_text(FIRST.format(id=revision))

    def alembic(self, *arguments: str) -> Completed:
        """Run Alembic in the project; the tests judge the exit code."""
        environment = {**os.environ, "HOST_URL": self.url}
        return self.forks.run(arguments, self.directory, environment, "alembic")

    def files(self) -> set[str]:
        """Return the names of everything beside the revisions."""
        return {path.name for path in self.versions.iterdir() if path.name != "__pycache__"}


HostProject = Callable[[str], Project]


@pytest.fixture
def host_project(tmp_path: Path, forks: Forks) -> HostProject:
    """Makes the project of a database."""
    return lambda dsn: Project(tmp_path / "host", dsn, forks)
