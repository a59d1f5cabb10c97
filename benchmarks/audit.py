"""The audit beside four plain queries on the same server, and beside itself without its settings.

The four queries answer less: they count missing, mismatched and dangling, by no single kind each.
"""

import os
import statistics
import time
from collections.abc import Callable
from unittest.mock import patch

import psycopg

from petrec.demo.clinic import create
from petrec.features.audit import run_audit
from petrec.postgres import snapshot
from petrec.postgres.connection import make_engine
from petrec.postgres.dsn import resolve_dsn
from petrec.postgres.preflight import load_schema
from petrec.settings import Settings
from tests.plugins.binaries import find_binaries
from tests.plugins.cluster import Cluster

RECORDINGS = int(os.environ.get("PETREC_BENCH_RECORDINGS", "2000000"))
ROUNDS = 3
PLAIN = (
    "SELECT count(*), count(pet_id) FROM recordings",
    """SELECT count(*) FROM recordings r LEFT JOIN appointment_pets ap
       ON ap.appointment_id = r.appointment_id AND ap.pet_id = r.pet_id
       WHERE r.appointment_id IS NOT NULL AND ap.pet_id IS NULL""",
    """SELECT count(*) FROM recordings r LEFT JOIN pets p ON p.id = r.pet_id
       WHERE r.pet_id IS NOT NULL AND p.id IS NULL""",
    """SELECT count(*) FROM recordings r LEFT JOIN appointments a ON a.id = r.appointment_id
       WHERE r.appointment_id IS NOT NULL AND a.id IS NULL""",
)


def run() -> None:
    """Print the median of each and the ratios, in one run."""
    major = max(find_binaries())
    cluster = Cluster.start(major, find_binaries()[major])
    try:
        with psycopg.connect(cluster.dsn(), autocommit=True) as admin:
            admin.execute("CREATE DATABASE damaged")
        with psycopg.connect(cluster.dsn("damaged")) as connection:
            create(connection, recordings=RECORDINGS)
        with psycopg.connect(cluster.dsn("damaged"), autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")
        _compare(cluster.dsn("damaged"))
    finally:
        cluster.remove()


def _compare(dsn: str) -> None:
    ways = {
        "petrec audit": lambda: _audit(dsn),
        "the same with the server's own settings": lambda: _untuned(dsn),
        "four plain queries": lambda: _plain(dsn),
    }
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, way in ways.items():
            taken[name].append(_seconds(way))
    plain = statistics.median(taken["four plain queries"])
    for name, seconds in taken.items():
        median = statistics.median(seconds)
        print(f"{name}: {median:.2f} s, ratio {median / plain:.2f} ({RECORDINGS:,} recordings)")


def _audit(dsn: str) -> None:
    settings = Settings()
    engine = make_engine(resolve_dsn(dsn, None), settings, "benchmark")
    with snapshot.read_snapshot(engine) as connection:
        assert run_audit(connection, load_schema(connection, settings.mapping)).total == RECORDINGS


def _untuned(dsn: str) -> None:
    with patch.object(snapshot, "_PLANNER", {}):
        _audit(dsn)


def _plain(dsn: str) -> None:
    with psycopg.connect(dsn) as connection:
        for query in PLAIN:
            connection.execute(query).fetchall()


def _seconds(way: Callable[[], None]) -> float:
    started = time.monotonic()
    way()
    return time.monotonic() - started
