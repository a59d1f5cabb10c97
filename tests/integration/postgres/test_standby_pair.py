"""A primary and its standby: reading on either, writing on the primary, and after a failover."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.plugins.cluster import Cluster
from tests.plugins.command import Petrec
from tests.plugins.databases import Database, databases
from tests.plugins.servers import BINARIES
from tests.plugins.waiting import until

pytestmark = pytest.mark.full
BOTH = "postgresql://postgres@127.0.0.1:{},127.0.0.1:{}/{}?target_session_attrs=read-write"
CAUGHT_UP = """
SELECT count(*) FROM pg_stat_replication WHERE replay_lsn >= pg_current_wal_lsn()
"""


@dataclass
class Pair:
    """A primary with a clinic, and its standby."""

    primary: Cluster
    standby: Cluster
    clinic: Database

    def both(self, *, standby_first: bool = False) -> str:
        """Return a connection string of both hosts, that leads to the one that takes writes."""
        ports = [self.primary.port, self.standby.port]
        return BOTH.format(*(reversed(ports) if standby_first else ports), self.clinic.name)

    @property
    def replica(self) -> str:
        return self.standby.dsn(self.clinic.name)


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    primary = Cluster.start(max(BINARIES), BINARIES[max(BINARIES)])
    with databases(primary) as make:
        made = Pair(primary, primary.make_standby(), make("clinic"))
        until(lambda: made.clinic.execute(CAUGHT_UP) == [(1,)])
        yield made
        made.standby.remove()
        primary.start_again()
    primary.remove()


def audited(petrec: Petrec, dsn: str) -> list[dict[str, Any]]:
    return list(json.loads(petrec("audit", "--format", "json", dsn=dsn).out)["kinds"])


def test_a_standby_is_audited_and_reported_and_never_written(petrec: Petrec, pair: Pair) -> None:
    assert audited(petrec, pair.replica) == audited(petrec, pair.clinic.dsn)
    report = petrec("report", "--no-history", "--format", "json", dsn=pair.replica)
    assert report.code in {0, 1}, report.err
    for words in (("backfill", "--apply", "--yes"), ("constraints", "apply", "--yes")):
        refused = petrec(*words, dsn=pair.replica)
        assert (refused.code, "connect to the primary" in refused.err) == (3, True), refused.err
    assert pair.clinic.execute("SELECT to_regnamespace('petrec')") == [(None,)]


def test_writing_finds_the_primary_before_and_after_a_failover(petrec: Petrec, pair: Pair) -> None:
    before = audited(petrec, pair.clinic.dsn)
    for number, standby_first in enumerate((True, False), start=1):
        dsn = pair.both(standby_first=standby_first)
        done = petrec("backfill", "--apply", "--yes", "--limit", "5", dsn=dsn)
        assert done.code == 0, done.err
        runs = pair.clinic.execute("SELECT changed FROM petrec.runs ORDER BY id")
        assert runs == [(5,)] * number
    until(lambda: pair.clinic.execute(CAUGHT_UP) == [(1,)])
    pair.primary.stop()
    pair.standby._run("pg_ctl", "-w", "promote")
    for run in ("2", "1"):
        undone = petrec("runs", "undo", run, "--yes", dsn=pair.both())
        assert undone.code == 0, undone.err
    assert audited(petrec, pair.both()) == audited(petrec, pair.replica) == before
