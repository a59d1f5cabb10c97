"""`petrec constraints apply` beside the guide's plain statements, under the same load.

The stall is the longest latency that a reader or a writer of single rows saw. Then a session that
has read and stays idle in its transaction, which blocks every strong lock: what readers then wait.
Beside those, others read a table that is not touched: what they wait is the machine's doing. It
ends with 1 if petrec stalls anybody for longer than the plain statements do, or a reader behind the
idle session for longer than one attempt at the lock may last.
"""

import os
import subprocess
import sys
from collections.abc import Iterator

import psycopg

from benchmarks.clinics import server
from benchmarks.writers import writers
from petrec.demo.clinic import create
from tests.plugins.cluster import Cluster
from tests.plugins.command import environment

RECORDINGS = int(os.environ.get("PETREC_BENCH_RECORDINGS", "2000000"))
LOCK_TIMEOUT_MS = 300
# What a reader may wait beyond one attempt: taking the lock back, and getting to run again.
SLACK_MS = 100
APPLY = ("constraints", "apply", "--yes", "--lock-timeout", str(LOCK_TIMEOUT_MS))
ALL = ("--group", "required", "--group", "indexes")
# Strong locks alone: index builds would use up the time in which they are tried.
STRONG = ("--group", "required", "--deadline", "15")
READ = "SELECT status FROM recordings WHERE id = %s"
# The same work on a table that nothing locks.
READ_ELSEWHERE = "SELECT name FROM pets WHERE id = %s"
CLEAN = """
DELETE FROM recordings r WHERE r.pet_id IS NULL
    OR NOT EXISTS (SELECT FROM pets p WHERE p.id = r.pet_id)
"""
PLAIN_KEY = """
ALTER TABLE recordings ADD CONSTRAINT fk_recordings_pet_id
    FOREIGN KEY (pet_id) REFERENCES pets (id) ON DELETE CASCADE
"""
PLAIN = (
    "ALTER TABLE recordings ALTER COLUMN pet_id SET NOT NULL",
    PLAIN_KEY,
    "CREATE INDEX idx_recordings_pet_id ON recordings (pet_id)",
    "CREATE INDEX idx_recordings_appointment_id ON recordings (appointment_id)",
    "CREATE INDEX idx_recordings_appointment_pet ON recordings (appointment_id, pet_id)",
    "CREATE INDEX idx_recordings_pet_status ON recordings (pet_id, status)",
)


def run() -> None:
    """Print the longest stall beside each, their ratio, and that behind an idle reader."""
    with server() as cluster:
        _prepare(cluster)
        broken = [*_beside(cluster), *_idle(cluster.dsn("idle"))]
    if broken:
        raise SystemExit("\n".join(broken))


def _beside(cluster: Cluster) -> Iterator[str]:
    """Print what readers and writers wait beside each; gives the bounds that do not hold."""
    ours = _stall(cluster.dsn("ours"), _ours)
    plain = _stall(cluster.dsn("plain"), _plain)
    for kind in ("readers", "writers"):
        print(
            f"longest stall of {kind}: petrec {ours[kind]:.0f} ms, plain statements "
            f"{plain[kind]:.0f} ms, ratio {plain[kind] / ours[kind]:.1f}"
        )
        if ours[kind] > plain[kind]:
            yield f"petrec stalls {kind} for longer than the plain statements do"


def _prepare(cluster: Cluster) -> None:
    with psycopg.connect(cluster.dsn(), autocommit=True) as admin:
        admin.execute("CREATE DATABASE source")
        with psycopg.connect(cluster.dsn("source")) as connection:
            create(connection, recordings=RECORDINGS)
        with psycopg.connect(cluster.dsn("source"), autocommit=True) as connection:
            rows = connection.execute(CLEAN).rowcount
            connection.execute("VACUUM ANALYZE recordings")
            left = connection.execute("SELECT count(*) FROM recordings").fetchone()
        print(f"{left[0] if left else 0:,} recordings; {rows:,} without a pet were deleted")
        for name in ("ours", "plain", "idle"):
            admin.execute(f"CREATE DATABASE {name} TEMPLATE source")


def _stall(dsn: str, change: object) -> dict[str, float]:
    with writers(dsn, READ) as stop_readers, writers(dsn) as stop_writers:
        change(dsn)  # type: ignore[operator]
        return {"readers": max(stop_readers()), "writers": max(stop_writers())}


def _ours(dsn: str) -> None:
    ended = _apply(dsn, *ALL)
    if ended.returncode:
        raise SystemExit(ended.stderr)


def _apply(dsn: str, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "petrec", *APPLY, *options], check=False, text=True,
        capture_output=True, env=environment(PETREC_DATABASE_URL=dsn),
    )  # fmt: skip


def _plain(dsn: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        for statement in PLAIN:
            connection.execute(statement)


def _idle(dsn: str) -> Iterator[str]:
    """Print what readers wait behind an idle one; gives the bounds that do not hold."""
    bound = LOCK_TIMEOUT_MS + SLACK_MS
    with (
        psycopg.connect(dsn) as idle,
        writers(dsn, READ, per_client_s=25.0) as stop,
        writers(dsn, READ_ELSEWHERE, table="pets") as stop_elsewhere,
    ):
        idle.execute("SELECT count(*) FROM recordings WHERE id IS NULL")
        ended = _apply(dsn, *STRONG)
        worst, elsewhere = max(stop()), max(stop_elsewhere())
        tries = ended.stderr.count(f"waiting for pid {idle.info.backend_pid} ")
    print(
        f"behind an idle reader, 200 reads/s: longest {worst:.0f} ms, of another table "
        f"{elsewhere:.0f} ms, in {tries} tries with a lock_timeout of {LOCK_TIMEOUT_MS} ms"
    )
    if worst > bound:
        busy = "; the machine is too busy to tell" if elsewhere > SLACK_MS else ""
        yield f"a reader behind an idle one waited {worst:.0f} ms, more than {bound} ms{busy}"
    if not tries or ended.returncode != 3:
        yield f"petrec ended with {ended.returncode} after {tries} tries, not with 3 after some"
