"""How audit and backfill grow with the table: time, write-ahead log and disk, by size.

PETREC_BENCH_RECORDINGS are sizes, with commas between them. The results of a size are written as
soon as they are there, and those of other sizes stay. `python -m tools.growth` writes them into
`docs/scale.md`, with what they mean for larger tables. Ends with 1 where time grows with the size
to the power of more than `MOST`.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.clinics import Damage, clinics
from benchmarks.record import record_sizes
from tools.growth import powers

SIZES = os.environ.get("PETREC_BENCH_RECORDINGS", "1000000,2000000,5000000")
AUDITS = 3
# The power of the size to which time may grow.
MOST = 1.05
_WRITTEN = "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint"
_JOURNAL = """
SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint
FROM pg_class c WHERE c.relnamespace = to_regnamespace('petrec') AND c.relkind = 'r'
"""
_TABLES = """
SELECT sum(pg_total_relation_size(name))::bigint FROM unnest(ARRAY[
    'pets', 'appointments', 'appointment_pets', 'recordings', 'visits']::regclass[]) AS name
"""
_RUN = "SELECT planned, changed, busy_ms, batches FROM petrec.runs"


def run() -> None:
    """Measure every size, and write the results after each."""
    rows: list[dict[str, Any]] = []
    measured: dict[str, Any] = {"results": rows}
    for size in (int(text) for text in SIZES.split(",")):
        started = time.monotonic()
        print(f"{size:>12,} recordings: making the clinic", flush=True)
        with clinics(size) as clinic:
            rows.append(_measured(size, clinic(Damage.MUCH)))
        measured = record_sizes(
            "growth", {"audits": AUDITS, "damage": Damage.MUCH.value, "results": rows}
        )
        print(f"{size:>12,} recordings: done in {time.monotonic() - started:.0f} s", flush=True)
    _hold(measured["results"])


def _hold(results: list[dict[str, Any]]) -> None:
    if len(results) < 2:
        return
    if steep := [what for what, power in powers(results).items() if power > MOST]:
        raise SystemExit(f"grows faster than the table to the power of {MOST}: {', '.join(steep)}")


def _measured(size: int, dsn: str) -> dict[str, Any]:
    row: dict[str, Any] = {"recordings": size, "table_bytes": _number(dsn, _TABLES)}
    row["audit_s"] = [_seconds(dsn, "audit", "--fail-level", "never") for _ in range(AUDITS)]
    _tell(size, f"audit {statistics.median(row['audit_s']):.2f} s")
    before = _number(dsn, _WRITTEN)
    with tempfile.TemporaryDirectory() as directory:
        export = str(Path(directory, "ambiguous.csv"))
        row["backfill_s"] = _seconds(dsn, "backfill", "--apply", "--yes", "--export", export)
    row["wal_bytes"] = _number(dsn, _WRITTEN) - before
    row["journal_bytes"] = _number(dsn, _JOURNAL)
    with psycopg.connect(dsn) as connection:
        planned, changed, busy, batches = connection.execute(_RUN).fetchone() or (0, 0, 0, 0)
    row |= {"planned": planned, "changed": changed, "busy_s": round(busy / 1000, 3)}
    row["batches"] = batches
    speed = f"{row['backfill_s']:.1f} s, {changed / busy * 1000:,.0f} rows/s in batches"
    log, journal = (row[name] / changed for name in ("wal_bytes", "journal_bytes"))
    _tell(size, f"backfill of {changed:,} rows {speed}")
    _tell(size, f"a row: {log:,.0f} bytes of log, {journal:,.0f} of journal")
    return row


def _tell(size: int, text: str) -> None:
    print(f"{size:>12,} recordings: {text}", flush=True)


def _number(dsn: str, query: str) -> int:
    with psycopg.connect(dsn) as connection:
        (found,) = connection.execute(query).fetchone() or (0,)
    return int(found)


def _seconds(dsn: str, *words: str) -> float:
    """Return the time of the whole command, from start to end."""
    command = [sys.executable, "-m", "petrec", *words, "--dsn", dsn, "--quiet"]
    started = time.monotonic()
    ended = subprocess.run(command, stdout=subprocess.DEVNULL, check=False)
    if ended.returncode not in {0, 1}:
        raise SystemExit(f"{words[0]}: exit code {ended.returncode}")
    return round(time.monotonic() - started, 3)
