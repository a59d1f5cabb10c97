"""What databases of tests are copied from: the damaged clinic in several shapes.

Those of tests that write runs have petrec's journal already, which the first run would install.
"""

import os
import subprocess
from functools import cache
from pathlib import Path

import psycopg
import pytest

from petrec.features.runs.journal.install import install_journal
from petrec.operations.connect import connect
from tests.plugins.binaries import client_program
from tests.plugins.cluster import Cluster

TESTS = Path(__file__).parent.parent
DATA = TESTS / "data"
SHAPES = ("clinic", "renamed", "text_ids", "integer_ids", "partitioned", "with_visits")
_WRITE_RUNS = (
    "faults/runs/",
    "integration/api/test_corrections.",
    "integration/api/test_deletions.",
    "integration/backfill/",
    "integration/review/test_added_links.",
    "integration/review/test_faults.",
    "integration/review/test_import.",
    "integration/review/test_reviewers.",
    "integration/review/test_served",
    "integration/runs/",
)


def pytest_configure(config: pytest.Config) -> None:
    """Register the mark of what begins without a journal where others have one."""
    config.addinivalue_line("markers", "no_journal: petrec's tables are not there when it begins")


def begins_with_journal(test: pytest.Item) -> bool:
    """Return whether the databases of a test have petrec's journal when it begins."""
    file = test.path.relative_to(TESTS).as_posix()
    return file.startswith(_WRITE_RUNS) and test.get_closest_marker("no_journal") is None


@cache
def template_of(cluster: Cluster, shape: str, *, journal: bool = False) -> str:
    """Return the name of a database of a shape that nobody changes; made when first asked for."""
    if shape == "empty" and not journal:
        return "template0"
    name = f"tpl_{shape}_journal" if journal else f"tpl_{shape}"
    with psycopg.connect(cluster.dsn(), autocommit=True) as admin:
        # Several mutants use one server.
        admin.execute("SELECT pg_advisory_lock(hashtext(%s))", (name,))
        if not admin.execute("SELECT FROM pg_database WHERE datname = %s", (name,)).fetchall():
            base = template_of(cluster, _base(shape, journal=journal))
            cluster.sessions.close(base)
            admin.execute(f"CREATE DATABASE {name} TEMPLATE {base}")
            if journal:
                _install_journal(cluster.dsn(name))
            else:
                _run_script(cluster.dsn(name), shape)
            # The first session writes a file of what each needs of the catalog.
            with psycopg.connect(cluster.dsn(name)):
                pass
    return name


def _base(shape: str, *, journal: bool) -> str:
    """Return the shape that another begins with; a journal comes last."""
    if journal:
        return shape
    return "empty" if shape == "clinic" else "clinic"


def _install_journal(dsn: str) -> None:
    session = connect(dsn)
    install_journal(session.engine)
    session.engine.dispose()


def _run_script(dsn: str, shape: str) -> None:
    script = DATA / "clinic.sql" if shape == "clinic" else DATA / "shapes" / f"{shape}.sql"
    psql = [str(client_program("psql")), "-qX", "-v", "ON_ERROR_STOP=1", "-d", dsn]
    subprocess.run(
        [*psql, "-o", os.devnull, "-f", str(script)], check=True, stdin=subprocess.DEVNULL
    )
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
