"""The backfill beside hand-written SQL with less and less of its guarantees, on twin databases.

First alone, in turns, for the processor's time and the log; every way must write the same pets.
Then beside writers of single rows, for what the application notices. The integration guide's own
statement, which picks an arbitrary pet, is the other one there.
"""

import os
import statistics
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psycopg

from benchmarks import by_hand, processor
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
# Of the speed of the same guarantees by hand. With keys trusted it is a comparison alone.
OF_BY_HAND = 0.9
ROUNDS = 5
_WRITTEN = """
SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint
"""
_PETS = """
SELECT count(pet_id), sum(hashtextextended(id::text || pet_id, 0)) FROM recordings
"""


@dataclass(frozen=True)
class Cost:
    """What a way has cost: seconds of the server's processors, and bytes of its log."""

    seconds: float
    log: int


def run() -> None:
    """Print what each way costs, the longest batch, and the writers' latency; 1 where slow."""
    with server() as cluster, psycopg.connect(cluster.dsn(), autocommit=True) as admin:
        admin.execute("CREATE DATABASE damaged")
        with psycopg.connect(cluster.dsn("damaged")) as connection:
            create(connection, recordings=RECORDINGS)
        held: list[float] = []
        share = _alone(admin, cluster, held)
        _beside_writers(admin, cluster, held)
    if max(held) > LONGEST_MS or share < OF_BY_HAND:
        raise SystemExit(1)


@contextmanager
def _twin(admin: psycopg.Connection, cluster: Cluster) -> Iterator[str]:
    """A database as it was damaged, and a server that has nothing else to write."""
    admin.execute("CREATE DATABASE twin TEMPLATE damaged")
    admin.execute("CHECKPOINT")
    yield cluster.dsn("twin")
    admin.execute("DROP DATABASE twin WITH (FORCE)")


def _alone(admin: psycopg.Connection, cluster: Cluster, held: list[float]) -> float:
    """Compare the ways, in turns; returns petrec's share of the speed by hand."""
    ways: dict[str, Callable[[str], None]] = {
        "one plain UPDATE": by_hand.plain,
        "batches by hand, with journal and cursor": by_hand.journaled,
        "by hand, guarded, parents read": partial(by_hand.guarded, parents=True),
        "petrec": partial(_ours, held=held),
        "by hand, guarded, keys trusted": partial(by_hand.guarded, parents=False),
        "petrec's write with keys trusted": partial(_ours, held=held, trusted=True),
    }
    rounds: list[dict[str, Cost]] = []
    expected: object = None
    for _ in range(ROUNDS):
        rounds.append({})
        for name, way in ways.items():
            with _twin(admin, cluster) as dsn:
                rounds[-1][name] = _cost(admin, cluster, partial(way, dsn))
                with psycopg.connect(dsn) as connection:
                    pets = connection.execute(_PETS).fetchone()
            expected = expected or pets
            if pets != expected:
                raise SystemExit(f"{name}: wrote other pets")
    _print_costs(rounds)
    *_, guarded, ours, trusting, ours_trusting = ways
    shares = [_share(rounds, *pair) for pair in ((guarded, ours), (trusting, ours_trusting))]
    print(f"petrec to the one by hand: {shares[0]:.2f}; with keys trusted: {shares[1]:.2f}")
    print(f"longest lock {max(held):.0f} ms")
    return shares[0]


def _cost(admin: psycopg.Connection, cluster: Cluster, way: Callable[[], None]) -> Cost:
    pid = int(Path(cluster.data_dir, "postmaster.pid").read_text().partition("\n")[0])
    (before,) = admin.execute(_WRITTEN).fetchone() or (0,)
    worked = processor.of_server(pid)
    way()
    worked = processor.of_server(pid) - worked
    (after,) = admin.execute(_WRITTEN).fetchone() or (0,)
    return Cost(worked, after - before)


def _print_costs(rounds: list[dict[str, Cost]]) -> None:
    plain, *_ = rounds[0]
    for name in rounds[0]:
        seconds = sorted(each[name].seconds for each in rounds)
        log = statistics.median(each[name].log for each in rounds)
        share = log / statistics.median(each[plain].log for each in rounds)
        spread = f"{statistics.median(seconds):.1f} s ({seconds[0]:.1f} to {seconds[-1]:.1f})"
        print(
            f"{name}: processor {spread}; log {log / 1e6:,.0f} MB, {share:.2f} of the plain one's"
        )


def _share(rounds: list[dict[str, Cost]], theirs: str, ours: str) -> float:
    """Return the median speed of one way to the other's in the same round."""
    return statistics.median(each[theirs].seconds / each[ours].seconds for each in rounds)


def _beside_writers(admin: psycopg.Connection, cluster: Cluster, held: list[float]) -> None:
    """Compare what writers notice."""
    mine: list[float] = []
    with _twin(admin, cluster) as dsn, writers(dsn) as stop:
        _ours(dsn, held=mine)
        beside_ours = stop()
    with _twin(admin, cluster) as dsn, writers(dsn) as stop:
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute(GUIDE)
        beside_theirs = stop()
    held.extend(mine)
    print(f"with writers: longest lock {max(mine):.0f} ms")
    _latency("beside petrec", beside_ours)
    _latency("beside the guide's statement", beside_theirs)
    ratio = percentile(beside_theirs, 99) / percentile(beside_ours, 99)
    print(f"p99 of the writers, the guide's to petrec's: {ratio:.1f}")


def _latency(where: str, latencies: list[float]) -> None:
    worst = max(latencies)
    p99 = percentile(latencies, 99)
    print(f"writers {where}: p99 {p99:.1f} ms, worst {worst:.0f} ms, {len(latencies)} writes")


def _ours(dsn: str, *, held: list[float], trusted: bool = False) -> None:
    """Run petrec's backfill; `trusted` is a comparison only, since a backfill reads the rows."""
    settings = Settings()
    engine = make_engine(resolve_dsn(dsn, None), settings, "benchmark")
    with read_snapshot(engine) as connection:
        schema = load_schema(connection, settings.mapping, trusted=trusted)

    def observe(now: Run) -> None:
        held.append(now.batch_ms)

    done = apply_backfill(engine, schema, make_target(schema), Throttling(), observe)
    engine.dispose()
    if done is None:
        raise SystemExit("nothing was planned")
