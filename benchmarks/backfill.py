"""The journaled backfill beside one plain UPDATE of the same rows, on twins of one database."""

import os
import time

import psycopg

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


def run() -> None:
    """Print rows per second of both, and the longest batch."""
    major = max(find_binaries())
    cluster = Cluster.start(major, find_binaries()[major])
    try:
        _compare(cluster)
    finally:
        cluster.remove()


def _compare(cluster: Cluster) -> None:
    with psycopg.connect(cluster.dsn(), autocommit=True) as admin:
        admin.execute("CREATE DATABASE ours")
        with psycopg.connect(cluster.dsn("ours")) as connection:
            create(connection, recordings=RECORDINGS)
        admin.execute("CREATE DATABASE theirs TEMPLATE ours")
    longest, ours = _ours(cluster.dsn("ours"))
    theirs = _theirs(cluster.dsn("ours"), cluster.dsn("theirs"))
    print(
        f"journaled batches, planning included: {ours:,.0f} rows/s, longest lock {longest:.0f} ms"
    )
    print(f"one plain UPDATE: {theirs:,.0f} rows/s; ratio {ours / theirs:.2f}")


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
