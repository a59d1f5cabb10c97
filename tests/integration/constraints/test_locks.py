"""The locks that a second connection sees are those that the plan names, of every step."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.pool import NullPool

from petrec.features.constraints.plan import Request
from petrec.features.constraints.result import ConstraintsPlan
from petrec.features.constraints.specs import GROUPS
from petrec.features.constraints.state import Step
from petrec.features.constraints.statements.index import CreateIndex
from petrec.settings import Mapping
from tests.plugins.clean import digest
from tests.plugins.databases import Database, MakeDatabase
from tests.plugins.parted import prepared
from tests.plugins.servers import BINARIES, running
from tests.plugins.stepping import reading
from tests.plugins.waiting import until

# An index is locked with its table, so only those that the plan names are compared. What the
# transaction itself makes is in nobody else's catalog, and the join leaves it out.
SEEN = """
SELECT DISTINCT mode, format('%%I.%%I', nspname, relname), relkind IN ('i', 'I')
FROM pg_locks JOIN pg_class c ON c.oid = relation JOIN pg_namespace n ON n.oid = relnamespace
WHERE pid = %s AND granted AND relkind IN ('r', 'p', 'i', 'I')
  AND nspname IN ('public', 'elsewhere')
"""
BLOCKED = "SELECT %s = ANY(pg_blocking_pids(%s))"
SCANS = """
SELECT coalesce(sum(pg_stat_get_xact_numscans(c.oid)), 0)::int
FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
WHERE relkind = 'r' AND (relname ^@ 'recordings' OR nspname = 'elsewhere')
"""
# From the weakest on: who holds one has nothing to fear of those before it.
MODES = [
    "AccessShareLock", "RowShareLock", "RowExclusiveLock", "ShareUpdateExclusiveLock", "ShareLock",
    "ShareRowExclusiveLock", "ExclusiveLock", "AccessExclusiveLock",
]  # fmt: skip
Locks = set[tuple[str, str]]


def _cases() -> Iterator[object]:
    """The plain table on the oldest server, the partitioned one on the newest; at full size all."""
    for shape, often in (("clinic", min(BINARIES)), ("partitioned", max(BINARIES))):
        for major in BINARIES:
            marks = [pytest.mark.matrix, *([] if major == often else [pytest.mark.full])]
            yield pytest.param((shape, major), marks=marks, id=f"{shape}-pg{major}")


@pytest.fixture(params=_cases())
def clinic(database: MakeDatabase, request: pytest.FixtureRequest) -> Database:
    shape, major = request.param
    return prepared(database(shape, running(major)))


@pytest.fixture
def engine(clinic: Database) -> Iterator[Engine]:
    dsn = clinic.dsn.replace("postgresql:", "postgresql+psycopg:")
    made = create_engine(dsn, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    yield made
    made.dispose()


def seen_by(watcher: psycopg.Connection, pid: int, step: Step) -> Locks:
    """Return the locks of tables, and of those indexes that the plan names."""
    named = {lock.table for lock in step.locks}
    found = watcher.execute(SEEN, (pid,)).fetchall()
    return {(mode, name) for mode, name, is_index in found if not is_index or name in named}


def held(clinic: Database, watcher: psycopg.Connection, step: Step) -> Locks:
    """Run a statement in a transaction and look before its end."""
    with clinic.connect(autocommit=False) as worker:
        worker.execute(step.sql)
        scans = worker.execute(SCANS).fetchone()
        assert step.waits == "long" or scans == (0,), f"reads rows: {step.sql}"
        return seen_by(watcher, worker.info.backend_pid, step)


def held_concurrently(clinic: Database, watcher: psycopg.Connection, step: Step) -> Locks:
    """Look while the statement waits for a writer, and again while it waits for a snapshot."""
    worker = clinic.connect()
    pid = worker.info.backend_pid
    writer, reader = clinic.connect(autocommit=False), clinic.connect(autocommit=False)
    writer.execute(f"LOCK TABLE {step.locks[0].table} IN ROW EXCLUSIVE MODE")
    blockers = [writer]
    if isinstance(step.statement, CreateIndex):
        reader.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        reader.execute("SELECT 1")
        blockers.append(reader)
    seen: Locks = set()
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(worker.execute, step.sql)
        for blocker in blockers:
            pair = (blocker.info.backend_pid, pid)
            until(lambda pair: watcher.execute(BLOCKED, pair).fetchone() == (True,), pair)
            seen |= seen_by(watcher, pid, step)
            blocker.rollback()
        running.result(60)
    for each in (worker, writer, reader):
        each.close()
    return seen


@pytest.mark.long
@pytest.mark.few(1)
def test_locks_of_every_step(clinic: Database, engine: Engine) -> None:
    before = digest(clinic)
    wanted = Request(Mapping(), GROUPS, "CASCADE")
    with engine.connect() as connection, reading(connection) as planner:
        applied = drive(clinic, planner, wanted.plan)
        taken_back = drive(clinic, planner, wanted.rollback)
        objects = {state.name for state in wanted.status(planner).objects}
        dropping = Request(Mapping(), GROUPS, "CASCADE", drop_visits=True)
        dropped = drive(clinic, planner, dropping.rollback)
    assert {step.object for step in applied} == objects
    assert {step.object for step in taken_back} == objects - {"visits", "visit_id"}
    assert {step.object for step in dropped} == {"idx_recordings_visit_pet", "visits", "visit_id"}
    assert digest(clinic) == before


def drive(
    clinic: Database, planner: Connection, make: Callable[[Connection], ConstraintsPlan]
) -> list[Step]:
    """Run step after step, each compared with what the plan said of it.

    What is left to do is the rest of the first plan: so a run that ends anywhere is finished by
    the next one.
    """
    done = []
    watcher = clinic.connect()
    left = [step.sql for step in make(planner).steps]
    while steps := make(planner).steps:
        assert [step.sql for step in steps] == left
        step = steps[0]
        look = held_concurrently if step.statement.is_build else held
        needed = step.statement.needed.as_string(None)
        assert clinic.execute(needed), f"not needed though planned: {step.sql}"
        assert_planned(step, look(clinic, watcher, step))
        assert not clinic.execute(needed), f"needed though done: {step.sql}"
        done.append(step)
        left = left[1:]
    assert left == []
    return done


def assert_planned(step: Step, seen: Locks) -> None:
    """Every lock that the plan names is there, and none that it does not cover."""
    named = {(lock.mode, lock.table) for lock in step.locks}
    strongest = {
        table: max(MODES.index(mode) for mode, name in named if name == table)
        for _, table in named
    }  # fmt: skip
    untold = {
        (mode, table) for mode, table in seen if MODES.index(mode) > strongest.get(table, 0)
    }  # fmt: skip
    assert (named - seen, untold) == (set(), set()), step.sql
