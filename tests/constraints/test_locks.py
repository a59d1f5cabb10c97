"""The locks that a second connection sees are those that the plan names, of every step."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.pool import NullPool

from petrec.constraints.objects import GROUPS
from petrec.constraints.plan import Wanted
from petrec.results.constraints import ConstraintsPlan, Step
from petrec.settings import Mapping
from tests.constraints.clean import clean
from tests.plugins.cluster import Cluster
from tests.plugins.databases import Database
from tests.plugins.waiting import until

# Tables alone: an index is locked with its table. A table that the transaction itself makes is
# in nobody else's catalog, so that the join leaves it out: none can wait for it.
SEEN = """
SELECT DISTINCT mode, 'public.' || relname FROM pg_locks JOIN pg_class c ON c.oid = relation
WHERE pid = %s AND granted AND relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace
"""
BLOCKED = "SELECT %s = ANY(pg_blocking_pids(%s))"
# What the plan does not say of a table that it locks more strongly anyway: reading it.
READING = ("AccessShareLock", "RowShareLock")
MISMATCHED = """
DELETE FROM recordings r WHERE NOT EXISTS (
    SELECT FROM appointment_pets p
    WHERE (p.appointment_id, p.pet_id) = (r.appointment_id, r.pet_id))
"""
Locks = set[tuple[str, str]]


@pytest.fixture
def clinic(database: Callable[..., Database], end_cluster: Cluster) -> Database:
    made = clean(database("clinic", end_cluster))
    made.execute(MISMATCHED)
    return made


@pytest.fixture
def engine(clinic: Database) -> Iterator[Engine]:
    dsn = clinic.dsn.replace("postgresql:", "postgresql+psycopg:")
    made = create_engine(dsn, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    yield made
    made.dispose()


def held(clinic: Database, watcher: psycopg.Connection, sql: str) -> Locks:
    """Run a statement in a transaction and look before its end."""
    with clinic.connect(autocommit=False) as worker:
        worker.execute(sql)
        return set(watcher.execute(SEEN, (worker.info.backend_pid,)))


def held_concurrently(clinic: Database, watcher: psycopg.Connection, step: Step) -> Locks:
    """Look while the statement waits for a writer, and again while it waits for a snapshot."""
    worker = clinic.connect()
    pid = worker.info.backend_pid
    writer, reader = clinic.connect(autocommit=False), clinic.connect(autocommit=False)
    writer.execute(f"LOCK TABLE {step.locks[0].table} IN ROW EXCLUSIVE MODE")
    blockers = [writer]
    if step.sql.startswith("CREATE"):
        reader.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        reader.execute("SELECT 1")
        blockers.append(reader)
    seen: Locks = set()
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(worker.execute, step.sql)
        for blocker in blockers:
            pair = (blocker.info.backend_pid, pid)
            until(lambda pair=pair: watcher.execute(BLOCKED, pair).fetchone() == (True,))
            seen |= set(watcher.execute(SEEN, (pid,)))
            blocker.rollback()
        running.result(60)
    for each in (worker, writer, reader):
        each.close()
    return seen


def test_locks_of_every_step(clinic: Database, engine: Engine) -> None:
    wanted = Wanted(Mapping(), GROUPS, "CASCADE")
    with engine.connect() as planner:
        applied = drive(clinic, planner, wanted.plan)
        taken_back = drive(clinic, planner, wanted.rollback)
    objects = {state.name for state in wanted_states(engine, wanted)}
    assert {step.object for step in applied} == objects
    assert {step.object for step in taken_back} == objects - {"visits", "visit_id"}


def wanted_states(engine: Engine, wanted: Wanted) -> tuple[object, ...]:
    with engine.connect() as connection:
        return wanted.status(connection).objects


def drive(
    clinic: Database, planner: Connection, make: Callable[[Connection], ConstraintsPlan]
) -> list[Step]:
    """Run step after step, each compared with what the plan said of it."""
    done = []
    watcher = clinic.connect()
    while steps := make(planner).steps:
        step = steps[0]
        if "CONCURRENTLY" in step.sql:
            seen = held_concurrently(clinic, watcher, step)
        else:
            seen = held(clinic, watcher, step.sql)
        named = {(lock.mode, lock.table) for lock in step.locks}
        tables = {table for _, table in named}
        told = {(mode, table) for mode, table in seen - named
                if not (mode in READING and table in tables)}  # fmt: skip
        assert (named - seen, told) == (set(), set()), step.sql
        done.append(step)
        assert len(done) < 60, step.sql
    return done
