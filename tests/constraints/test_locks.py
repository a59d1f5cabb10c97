"""The locks that a second connection sees are those that the plan names."""

from collections.abc import Callable, Iterator

import psycopg
import pytest
from sqlalchemy import Engine, create_engine
from sqlalchemy.pool import NullPool

from petrec.constraints.objects import GROUPS
from petrec.constraints.plan import Wanted
from petrec.settings import Mapping
from tests.constraints.clean import clean
from tests.plugins.cluster import Cluster
from tests.plugins.databases import Database

# Locks of mere reading, which stop nobody who reads or writes, are not in the plan.
SEEN = """
SELECT mode, 'public.' || relname FROM pg_locks JOIN pg_class c ON c.oid = relation
WHERE pid = %s AND granted AND relkind = 'r' AND relnamespace = 'public'::regnamespace
  AND relname IN ('recordings', 'pets')
"""


@pytest.fixture
def clinic(database: Callable[..., Database], any_cluster: Cluster) -> Database:
    return clean(database("clinic", any_cluster))


@pytest.fixture
def engine(clinic: Database) -> Iterator[Engine]:
    dsn = clinic.dsn.replace("postgresql:", "postgresql+psycopg:")
    made = create_engine(dsn, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    yield made
    made.dispose()


def test_locks_of_the_required_steps(clinic: Database, engine: Engine) -> None:
    wanted = Wanted(Mapping(), tuple(GROUPS[1:2]), "CASCADE")
    checked = 0
    with engine.connect() as planner:
        while steps := wanted.plan(planner).steps:
            step = steps[0]
            with psycopg.connect(clinic.dsn) as worker:
                worker.execute(step.sql)
                seen = set(clinic.execute(SEEN, (worker.info.backend_pid,)))
            named = {(lock.mode, lock.table) for lock in step.locks}
            assert named <= seen, step.sql
            extra = {mode for mode, _ in seen - named}
            assert extra <= {"AccessShareLock", "RowShareLock"}, (step.sql, seen)
            checked += 1
    assert checked >= 4
