"""The backfill beside hand-written SQL with less and less of its guarantees, on twin databases.

First alone, for the rate; then beside writers of single rows, for what the application notices.
The integration guide's own statement, which picks an arbitrary pet, is the other one there.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from benchmarks import by_hand
from benchmarks.clinics import server
from benchmarks.writers import percentile, writers
from petrec.demo.clinic import create
from petrec.features.backfill.apply import apply_backfill
from petrec.features.runs.driver.throttle import Throttling
from petrec.features.runs.run import Run
from petrec.features.runs.targets import make_target
from petrec.postgres.connection import make_engine
from petrec.postgres.dsn import resolve_dsn
from petrec.postgres.preflight import load_schema
from petrec.postgres.snapshot import read_snapshot
from petrec.settings import Settings
from tests.plugins.cluster import Cluster

RECORDINGS = int(os.environ.get("PETREC_BENCH_RECORDINGS", "2000000"))
GUIDE = """
UPDATE recordings SET pet_id = (
    SELECT ap.pet_id FROM appointment_pets ap
    WHERE ap.appointment_id = recordings.appointment_id LIMIT 1)
WHERE pet_id IS NULL AND appointment_id IS NOT NULL
"""


LONGEST_MS = 250.0
OF_BY_HAND = 0.6


def run() -> None:
    """Print rows per second of each, the longest batch, and the writers' latency; 1 where slow."""
    with server() as cluster, psycopg.connect(cluster.dsn(), autocommit=True) as admin:
        admin.execute("CREATE DATABASE damaged")
        with psycopg.connect(cluster.dsn("damaged")) as connection:
            create(connection, recordings=RECORDINGS)
        share, longest = _alone(admin, cluster)
        longest = max(longest, _beside_writers(admin, cluster))
    if longest > LONGEST_MS or share < OF_BY_HAND:
        raise SystemExit(1)


@contextmanager
def _twin(admin: psycopg.Connection, cluster: Cluster) -> Iterator[str]:
    """A database as it was damaged, and a server that has nothing else to write."""
    admin.execute("CREATE DATABASE twin TEMPLATE damaged")
    admin.execute("CHECKPOINT")
    yield cluster.dsn("twin")
    admin.execute("DROP DATABASE twin WITH (FORCE)")


def _alone(admin: psycopg.Connection, cluster: Cluster) -> tuple[float, float]:
    """Compare rates; returns petrec's share of the hand-written one's, and its longest lock."""
    rates: dict[str, float] = {}
    wal: dict[str, int] = {}
    for name in ("plain", "journaled", "guarded"):
        with _twin(admin, cluster) as dsn, _logged(admin, wal, name):
            rates[name] = getattr(by_hand, name)(dsn)
    with _twin(admin, cluster) as dsn, _logged(admin, wal, "petrec"):
        longest, ours = _ours(dsn)
    _rate("one plain UPDATE", rates["plain"], rates["plain"])
    _rate("batches by hand, with journal and cursor", rates["journaled"], rates["plain"])
    _rate("the same, checked again under lock", rates["guarded"], rates["plain"])
    _rate("petrec", ours, rates["plain"])
    print(f"petrec to what is checked by hand: {ours / rates['guarded']:.2f}")
    for name, size in wal.items():
        print(f"{name}: {size >> 20} MB of log, {size / wal['plain']:.2f} of the plain one's")
    print(f"longest lock {longest:.0f} ms")
    return ours / rates["guarded"], longest


@contextmanager
def _logged(admin: psycopg.Connection, wal: dict[str, int], name: str) -> Iterator[None]:
    """Note how much write-ahead log the block writes."""
    position = "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint"
    (before,) = admin.execute(position).fetchone() or (0,)
    yield
    (after,) = admin.execute(position).fetchone() or (0,)
    wal[name] = after - before


def _rate(what: str, rate: float, plain: float) -> None:
    print(f"{what}: {rate:,.0f} rows/s, {rate / plain:.2f} of the plain one")


def _beside_writers(admin: psycopg.Connection, cluster: Cluster) -> float:
    """Compare what writers notice; returns the longest lock."""
    with _twin(admin, cluster) as dsn, writers(dsn) as stop:
        longest, _ = _ours(dsn)
        beside_ours = stop()
    with _twin(admin, cluster) as dsn, writers(dsn) as stop:
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute(GUIDE)
        beside_theirs = stop()
    print(f"with writers: longest lock {longest:.0f} ms")
    _latency("beside petrec", beside_ours)
    _latency("beside the guide's statement", beside_theirs)
    ratio = percentile(beside_theirs, 99) / percentile(beside_ours, 99)
    print(f"p99 of the writers, the guide's to petrec's: {ratio:.1f}")
    return longest


def _latency(where: str, latencies: list[float]) -> None:
    worst = max(latencies)
    p99 = percentile(latencies, 99)
    print(f"writers {where}: p99 {p99:.1f} ms, worst {worst:.0f} ms, {len(latencies)} writes")


def _ours(dsn: str) -> tuple[float, float]:
    settings = Settings()
    engine = make_engine(resolve_dsn(dsn, None), settings, "benchmark")
    with read_snapshot(engine) as connection:
        schema = load_schema(connection, settings.mapping)
    held: list[float] = []

    def observe(now: Run) -> None:
        held.append(now.batch_ms)

    started = time.monotonic()
    done = apply_backfill(engine, schema, make_target(schema), Throttling(), observe)
    took = time.monotonic() - started
    engine.dispose()
    if done is None:
        raise SystemExit("nothing was planned")
    return max(held), done.changed / took
