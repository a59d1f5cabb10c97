"""The journaled backfill beside one plain UPDATE, on twins of one database.

First alone, for the rate; then beside writers of single rows, for what the application notices.
The integration guide's own statement, which picks an arbitrary pet, is the other one there.
"""

import os
import time

import psycopg

from benchmarks.writers import percentile, writers
from petrec.backfill.apply import apply_backfill
from petrec.backfill.plan import make_target
from petrec.db.connect import make_engine
from petrec.db.dsn import resolve_dsn
from petrec.db.preflight import load_schema
from petrec.db.snapshot import read_snapshot
from petrec.demo.clinic import create
from petrec.journal.throttle import Limits
from petrec.results.runs import Run
from petrec.settings import Settings
from tests.plugins.binaries import find_binaries
from tests.plugins.cluster import Cluster

RECORDINGS = int(os.environ.get("PETREC_BENCH_RECORDINGS", "2000000"))
PLAIN = """
UPDATE recordings SET pet_id = coalesce(
    (SELECT v.pet_id FROM visits v WHERE v.id = recordings.visit_id),
    (SELECT ap.pet_id FROM appointment_pets ap
     WHERE ap.appointment_id = recordings.appointment_id LIMIT 1))
WHERE id IN (SELECT id FROM wanted)
"""
GUIDE = """
UPDATE recordings SET pet_id = (
    SELECT ap.pet_id FROM appointment_pets ap
    WHERE ap.appointment_id = recordings.appointment_id LIMIT 1)
WHERE pet_id IS NULL AND appointment_id IS NOT NULL
"""


def run() -> None:
    """Print rows per second of both, the longest batch, and the writers' latency beside each."""
    major = max(find_binaries())
    cluster = Cluster.start(major, find_binaries()[major])
    try:
        _compare(cluster)
    finally:
        cluster.remove()


def _compare(cluster: Cluster) -> None:
    with psycopg.connect(cluster.dsn(), autocommit=True) as admin:
        admin.execute("CREATE DATABASE damaged")
        with psycopg.connect(cluster.dsn("damaged")) as connection:
            create(connection, recordings=RECORDINGS)
        for name in ("ours", "theirs", "ours_busy", "theirs_busy"):
            admin.execute(f"CREATE DATABASE {name} TEMPLATE damaged")
    longest, ours = _ours(cluster.dsn("ours"))
    theirs = _theirs(cluster.dsn("ours"), cluster.dsn("theirs"))
    print(
        f"journaled batches, planning included: {ours:,.0f} rows/s, longest lock {longest:.0f} ms"
    )
    print(f"one plain UPDATE: {theirs:,.0f} rows/s; ratio {ours / theirs:.2f}")
    with writers(cluster.dsn("ours_busy")) as stop:
        longest, _ = _ours(cluster.dsn("ours_busy"))
        beside_ours = stop()
    with writers(cluster.dsn("theirs_busy")) as stop:
        with psycopg.connect(cluster.dsn("theirs_busy"), autocommit=True) as connection:
            connection.execute(GUIDE)
        beside_theirs = stop()
    print(f"with writers: longest lock {longest:.0f} ms")
    _latency("beside the journaled batches", beside_ours)
    _latency("beside the guide's statement", beside_theirs)
    ratio = percentile(beside_theirs, 99) / percentile(beside_ours, 99)
    print(f"p99 of the writers, the guide's to ours: {ratio:.1f}")


def _latency(where: str, latencies: list[float]) -> None:
    worst = max(latencies)
    p99 = percentile(latencies, 99)
    print(f"writers {where}: p99 {p99:.1f} ms, worst {worst:.0f} ms, {len(latencies)} writes")


def _ours(dsn: str) -> tuple[float, float]:
    settings = Settings()
    engine = make_engine(resolve_dsn(dsn, None), settings, "benchmark")
    with read_snapshot(engine, settings) as connection:
        schema = load_schema(connection, settings.mapping)
    held: list[float] = []

    def observe(now: Run) -> None:
        held.append(now.batch_ms)

    started = time.monotonic()
    done = apply_backfill(engine, schema, make_target(schema), Limits(), observe)
    if done is None:
        raise SystemExit("nothing was planned")
    return max(held), done.changed / (time.monotonic() - started)


def _theirs(ours: str, theirs: str) -> float:
    """Update the same rows in one statement, their ids given."""
    with psycopg.connect(ours) as source, psycopg.connect(theirs, autocommit=True) as target:
        target.execute("CREATE TABLE wanted (id uuid PRIMARY KEY)")
        query = "COPY (SELECT row_key[1]::uuid FROM petrec.changes) TO STDOUT"
        with (
            source.cursor().copy(query) as rows,
            target.cursor().copy("COPY wanted FROM STDIN") as to,
        ):
            for block in rows:
                to.write(block)
        target.execute("ANALYZE wanted")
        started = time.monotonic()
        changed = target.execute(PLAIN).rowcount
        return changed / (time.monotonic() - started)
