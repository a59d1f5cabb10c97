"""A real autovacuum worker that holds the recordings: waited for, outlasted, never ended."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from tests.plugins.clean import clean, owned
from tests.plugins.cluster import Cluster
from tests.plugins.command import Petrec
from tests.plugins.databases import Database, MakeDatabase
from tests.plugins.servers import BINARIES
from tests.plugins.waiting import until

APPLY = ("constraints", "apply", "--yes", "--group")
# So slow that it never comes to its end by itself within a test; never VACUUM ANALYZE, whose name
# is another, and which depends on how soon the counts of changed rows arrive.
SLOWLY = """
ALTER TABLE recordings SET (autovacuum_vacuum_threshold = 0, autovacuum_vacuum_scale_factor = 0,
    autovacuum_analyze_threshold = 2000000000,
    autovacuum_vacuum_cost_delay = 100, autovacuum_vacuum_cost_limit = 1,
    autovacuum_freeze_max_age = 100000);
UPDATE recordings SET status = status
"""
HOLDS = """
SELECT a.pid, a.backend_start
FROM pg_stat_activity a JOIN pg_locks l USING (pid)
WHERE a.backend_type = 'autovacuum worker' AND l.granted AND l.mode = 'ShareUpdateExclusiveLock'
  AND l.relation = 'public.recordings'::regclass AND a.query LIKE %s
"""
WRAPAROUND = "public.recordings (to prevent wraparound)"
# As many transactions as make the recordings old by the setting above.
OLD = """
DO $$ BEGIN
    SET synchronous_commit = off;
    FOR i IN 1..100001 LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP;
END $$
"""


_SERVERS = [
    pytest.param(m, id=f"pg{m}", marks=[] if m == max(BINARIES) else [pytest.mark.full])
    for m in BINARIES
]


@pytest.fixture(scope="module", params=_SERVERS)
def server(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """A server whose autovacuum looks at each database every second."""
    made = Cluster.start(request.param, BINARIES[request.param])
    try:
        with psycopg.connect(made.dsn(), autocommit=True) as admin:
            admin.execute("ALTER SYSTEM SET autovacuum_naptime = '1s'")
            admin.execute("SELECT pg_reload_conf()")
        yield made
    finally:
        made.remove()


@pytest.fixture
def vacuumed(database: MakeDatabase, server: Cluster) -> Database:
    return clean(database("clinic", server))


def worker(clinic: Database, task: str) -> tuple[Any, ...]:
    """Wait until a worker holds the recordings for that; returns its pid and its start."""
    return until(lambda: clinic.execute(HOLDS, (f"autovacuum: VACUUM% {task}",)))[0]


@pytest.mark.parametrize("group", ["required", pytest.param("indexes", marks=pytest.mark.full)])
def test_it_delays_and_does_not_fail(petrec: Petrec, vacuumed: Database, group: str) -> None:
    # A role that is not told what kind of session blocks it.
    dsn = owned(vacuumed)
    vacuumed.execute(SLOWLY)
    pid, _ = worker(vacuumed, "public.recordings")
    ended = petrec(*APPLY, group, "--deadline", "120", dsn=dsn)
    assert ended.code == 0, ended.err
    assert f"waiting for pid {pid} (autovacuum worker" in ended.err
    log = (vacuumed.cluster.directory / "log").read_text()
    assert "canceling autovacuum task" in log


def test_it_is_never_ended_against_wraparound(petrec: Petrec, vacuumed: Database) -> None:
    vacuumed.execute(OLD)
    vacuumed.execute(SLOWLY)
    pid, started = worker(vacuumed, WRAPAROUND)
    ended = petrec(*APPLY, "required", "--cancel-blockers", "--deadline", "4", dsn=vacuumed.dsn)
    assert (ended.code, f"pid {pid} (autovacuum worker" in ended.err) == (3, True), ended.err
    assert "cancelling" not in ended.err
    assert worker(vacuumed, WRAPAROUND) == (pid, started)
