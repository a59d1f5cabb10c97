"""What others have set or lost does not stop the steps: dead standbys, limits on transactions."""

from collections.abc import Callable, Iterator

import pytest

from tests.plugins.clean import clean
from tests.plugins.cluster import Cluster
from tests.plugins.command import Petrec, Spawn
from tests.plugins.databases import Database, MakeDatabase
from tests.plugins.servers import BINARIES
from tests.plugins.waiting import until

INDEXES = ("--group", "indexes", "--yes")
BUILDS_FOR = """
SELECT 1 FROM pg_stat_activity WHERE datname = current_database()
  AND query LIKE '%CREATE INDEX CONCURRENTLY%' AND pid <> pg_backend_pid()
  AND clock_timestamp() - query_start > interval '1.5 s'
"""
INVALID = "SELECT count(*) FROM pg_index WHERE NOT indisvalid"


@pytest.fixture
def lonely(private_cluster: Callable[[], Cluster], database: MakeDatabase) -> Iterator[Database]:
    """A clinic on a server whose synchronous standby is gone."""
    made = clean(database("clinic", private_cluster()))
    made.execute("ALTER SYSTEM SET synchronous_standby_names = 'gone'")
    made.execute("SELECT pg_reload_conf()")
    until(lambda: made.execute("SHOW synchronous_standby_names") == [("gone",)])
    yield made
    made.execute("ALTER SYSTEM RESET synchronous_standby_names")
    made.execute("SELECT pg_reload_conf()")
    until(lambda: made.execute("SHOW synchronous_standby_names") == [("",)])


def test_no_step_waits_for_a_synchronous_standby(petrec: Petrec, lonely: Database) -> None:
    for command in ("apply", "rollback"):
        ended = petrec("constraints", command, "--yes", "--deadline", "120", dsn=lonely.dsn)
        assert ended.code == 0, ended.err
    assert lonely.execute("SELECT 1 FROM pg_stat_activity WHERE wait_event = 'SyncRep'") == []


@pytest.mark.skipif(max(BINARIES) < 17, reason="transaction_timeout came with version 17")
def test_a_limit_on_transactions_does_not_end_a_build(spawn: Spawn, clinic: Database) -> None:
    clean(clinic).execute(f"ALTER DATABASE {clinic.name} SET transaction_timeout = '700ms'")
    writer = clinic.connect()
    writer.execute("SET transaction_timeout = 0")
    writer.execute("BEGIN; UPDATE recordings SET status = status")
    applying = spawn("constraints", "apply", *INDEXES, dsn=clinic.dsn)
    until(lambda: len(clinic.execute(BUILDS_FOR)) == 1 or applying.poll() is not None)
    writer.execute("COMMIT")
    _, err = applying.communicate(timeout=240)
    assert applying.returncode == 0, err
    assert clinic.execute(INVALID) == [(0,)]
