"""The clinic after its backfill, made once: tests that begin with one have a copy of it."""

from collections.abc import Iterator

import pytest

from petrec.operations.backfill import apply_backfill
from petrec.operations.connect import connect
from tests.plugins.cluster import Cluster
from tests.plugins.databases import Database, copied, databases


@pytest.fixture(scope="session")
def after_backfill(cluster: Cluster) -> Iterator[Database]:
    """The clinic whose run 1 is a backfill, to be read only."""
    with databases(cluster) as make:
        made = make()
        session = connect(made.dsn)
        done = apply_backfill(session).run
        session.engine.dispose()
        assert done is not None
        assert (done.id, done.changed) == (1, 395)
        yield made


@pytest.fixture
def backfilled(after_backfill: Database) -> Iterator[Database]:
    """The clinic whose run 1 is a backfill, to be changed."""
    with copied(after_backfill) as copy:
        yield copy
