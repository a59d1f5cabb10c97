"""Partitioned recordings: built partition by partition, and back from any point.

That every step takes the locks that the plan names is in test_locks, kills are in test_sigkill.
"""

import pytest
from sqlalchemy import create_engine

from petrec.features.constraints.plan import Request
from petrec.settings import Mapping
from tests.plugins.clean import digest
from tests.plugins.cluster import Cluster
from tests.plugins.command import Petrec
from tests.plugins.databases import Database, MakeDatabase
from tests.plugins.parted import prepared

REQUIRED = ("--group", "required", "--yes")
INDEXES = ("--group", "indexes", *REQUIRED)


@pytest.fixture
def parted(database: MakeDatabase, any_cluster: Cluster) -> Database:
    return prepared(database("partitioned", any_cluster))


@pytest.mark.parametrize("groups", [REQUIRED, pytest.param(INDEXES, marks=pytest.mark.full)])
def test_there_again_and_back(petrec: Petrec, parted: Database, groups: tuple[str, ...]) -> None:
    before = digest(parted)
    assert petrec("constraints", "apply", *groups, dsn=parted.dsn).code == 0
    between = digest(parted)
    assert petrec("constraints", "rollback", *groups, dsn=parted.dsn).code == 0
    assert digest(parted) == before
    assert petrec("constraints", "apply", *groups, dsn=parted.dsn).code == 0
    assert digest(parted) == between


@pytest.mark.full
def test_everything_of_the_guide(petrec: Petrec, parted: Database) -> None:
    ended = petrec("constraints", "apply", "--yes", "--membership", dsn=parted.dsn)
    assert ended.code == 0, ended.err
    assert petrec("constraints", "status", "--membership", dsn=parted.dsn).code == 0
    assert parted.execute("SELECT indexrelid::regclass FROM pg_index WHERE NOT indisvalid") == []
    loose = """SELECT conname FROM pg_constraint
               WHERE contype = 'f' AND conparentid = 0 AND conname LIKE 'fk_recordings%'
                 AND conrelid <> 'public.recordings'::regclass"""
    assert parted.execute(loose) == []
    again = petrec("constraints", "apply", "--yes", "--membership", dsn=parted.dsn)
    assert again.out.count("ALTER") == 0


@pytest.mark.parametrize("at", [pytest.param(2, marks=pytest.mark.full), 9])
def test_rollback_of_a_half_done_run(petrec: Petrec, parted: Database, at: int) -> None:
    before = digest(parted)
    engine = create_engine(parted.dsn.replace("postgresql:", "postgresql+psycopg:"))
    wanted = Request(Mapping(), ("required", "indexes"), "CASCADE")
    with engine.connect() as planner:
        steps = wanted.plan(planner).steps
    engine.dispose()
    keys = [s for s in steps if s.object == "fk_recordings_pet_id"][: at // 2]
    for step in (*steps[:at], *keys):
        parted.execute(step.sql)
    assert petrec("constraints", "rollback", *INDEXES, dsn=parted.dsn).code == 0
    assert digest(parted) == before
