"""Who blocks is named; who may be ended is ended, everyone else is waited for."""

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from petrec.postgres.ddl.blockers import Watch
from tests.plugins.clean import clean
from tests.plugins.command import Petrec
from tests.plugins.databases import Database
from tests.plugins.waiting import until

APPLY = ("constraints", "apply", "--yes", "--group", "required")


def test_an_idle_transaction_is_ended_within_the_default_lock_timeout(
    petrec: Petrec, clinic: Database
) -> None:
    idle = clean(clinic).connect(autocommit=False)
    idle.execute("SELECT count(*) FROM recordings")
    pid = idle.info.backend_pid
    ended = petrec(*APPLY, "--cancel-blockers", "--deadline", "60", dsn=clinic.dsn)
    assert ended.code == 0, ended.err
    lines = ended.err.splitlines()
    assert lines.index(f"cancelling pid {pid}") < lines.index(f"terminating pid {pid}")
    with pytest.raises(psycopg.OperationalError):
        idle.execute("SELECT 1")


def test_without_the_option_nobody_is_ended(petrec: Petrec, clinic: Database) -> None:
    idle = clean(clinic).connect(autocommit=False)
    idle.execute("SELECT count(*) FROM recordings")
    ended = petrec(*APPLY, "--deadline", "2", dsn=clinic.dsn)
    assert ended.code == 3
    assert f"waiting for pid {idle.info.backend_pid}" in ended.err
    assert idle.execute("SELECT 1").fetchone() == (1,)


def test_the_watching_connection_never_counts(clinic: Database) -> None:
    """A build waits for its snapshot, too; cancelling it would be petrec stopping itself."""
    dsn = clinic.dsn.replace("postgresql:", "postgresql+psycopg:")
    engine = create_engine(dsn, poolclass=NullPool, isolation_level="REPEATABLE READ")
    builder = clean(clinic).connect()
    pid = builder.info.backend_pid
    build = "CREATE INDEX CONCURRENTLY one ON recordings (pet_id)"
    waits = "SELECT cardinality(pg_blocking_pids(%s))"
    with engine.connect() as second, ThreadPoolExecutor(1) as pool:
        second.execute(text("SELECT 1"))
        building = pool.submit(builder.execute, build)
        until(lambda: clinic.execute(waits, (pid,)) == [(1,)])
        watch = Watch(engine, pid, print)
        watch._ask(second)
        second.rollback()
        building.result(60)
    assert watch.blockers == {}
