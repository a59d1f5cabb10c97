"""Partitioned recordings: built partition by partition, from any point on, and back."""

from collections.abc import Callable

import psycopg
import pytest
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from petrec.constraints.plan import Wanted
from petrec.settings import Mapping
from tests.constraints.clean import clean, digest
from tests.plugins.cluster import Cluster
from tests.plugins.command import Completed
from tests.plugins.databases import Database

Run = Callable[..., Completed]
# A partition that is partitioned itself, its leaf in another schema.
SUB = """
CREATE SCHEMA elsewhere;
CREATE TABLE public.recordings_old PARTITION OF public.recordings
    FOR VALUES FROM ('1990-01-01') TO ('2000-01-01') PARTITION BY RANGE (created_at);
CREATE TABLE elsewhere."Old leaf" PARTITION OF public.recordings_old
    FOR VALUES FROM ('1990-01-01') TO ('1995-01-01');
CREATE TABLE elsewhere.empty PARTITION OF public.recordings
    FOR VALUES FROM ('1980-01-01') TO ('1985-01-01') PARTITION BY RANGE (created_at);
"""
LOCKS = """
SELECT mode, format('%%I.%%I', nspname, relname) FROM pg_locks JOIN pg_class c ON c.oid = relation
JOIN pg_namespace n ON n.oid = relnamespace
WHERE pid = %s AND granted AND mode NOT IN ('AccessShareLock', 'RowShareLock')
  AND (relname ~* '^(recordings|old|empty)[^.]*$' OR relname = 'pets')
  AND relkind IN ('r', 'p') AND nspname IN ('public', 'elsewhere')
"""
SCANS = """
SELECT sum(pg_stat_get_xact_numscans(t.relid)) FROM pg_partition_tree('public.recordings') t
"""


@pytest.fixture
def parted(database: Callable[..., Database], any_cluster: Cluster) -> Database:
    made = clean(database("partitioned", any_cluster))
    made.execute(SUB)
    return made


def test_there_again_and_back(petrec: Run, parted: Database) -> None:
    before = digest(parted)
    groups = ("--group", "required", "--group", "indexes", "--yes")
    assert petrec("constraints", "apply", *groups, dsn=parted.dsn).code == 0
    between = digest(parted)
    assert petrec("constraints", "rollback", *groups, dsn=parted.dsn).code == 0
    assert digest(parted) == before
    assert petrec("constraints", "apply", *groups, dsn=parted.dsn).code == 0
    assert digest(parted) == between


def test_everything_of_the_guide(petrec: Run, parted: Database) -> None:
    parted.execute("""DELETE FROM recordings r WHERE NOT EXISTS (
        SELECT FROM appointment_pets a
        WHERE (a.appointment_id, a.pet_id) = (r.appointment_id, r.pet_id))""")
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


def test_each_step_is_the_next_of_the_plan_before(parted: Database) -> None:
    """So a run that ends anywhere is finished by the next one; and locks are those planned."""
    dsn = parted.dsn.replace("postgresql:", "postgresql+psycopg:")
    engine = create_engine(dsn, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    wanted = Wanted(Mapping(), ("required", "indexes"), "CASCADE")
    with engine.connect() as planner:
        left = [step.sql for step in wanted.plan(planner).steps]
        while steps := wanted.plan(planner).steps:
            assert [step.sql for step in steps] == left
            step = steps[0]
            with psycopg.connect(parted.dsn, autocommit="CONCURRENTLY" in step.sql) as worker:
                worker.execute(step.sql)
                scans = worker.execute(SCANS).fetchone()
                seen = set(worker.execute(LOCKS, (worker.info.backend_pid,)).fetchall())
            if "CONCURRENTLY" not in step.sql:
                tables = {(lock.mode, lock.table) for lock in step.locks}
                named = {t for t in tables if "_idx" not in t[1] and ".idx" not in t[1]}
                held = {lock for lock in named if lock[0] != "RowShareLock"}
                assert held <= seen, step.sql
                weaker = {("ShareRowExclusiveLock", lock[1]) for lock in held}
                assert seen <= held | weaker, step.sql
                assert step.waits == "long" or scans == (0,), step.sql
            left = left[1:]
    assert left == []


@pytest.mark.parametrize("at", [2, 9])
def test_rollback_of_a_half_done_run(petrec: Run, parted: Database, at: int) -> None:
    before = digest(parted)
    engine = create_engine(parted.dsn.replace("postgresql:", "postgresql+psycopg:"))
    wanted = Wanted(Mapping(), ("required", "indexes"), "CASCADE")
    with engine.connect() as planner:
        steps = wanted.plan(planner).steps
    engine.dispose()
    keys = [s for s in steps if s.object == "fk_recordings_pet_id"][: at // 2]
    for step in (*steps[:at], *keys):
        parted.execute(step.sql)
    groups = ("--group", "required", "--group", "indexes", "--yes")
    assert petrec("constraints", "rollback", *groups, dsn=parted.dsn).code == 0
    assert digest(parted) == before
