"""The audit of one clinic by PostgreSQL, by DuckDB, and by Spark with one and with two workers.

Every way is a whole command, with the start of its engine; all must give the same answers.
PETREC_BENCH_RECORDINGS are sizes, with commas between them.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.clinics import Damage, clinics
from benchmarks.lake_page import write_page
from benchmarks.record import record_sizes
from tests.plugins.spark import started_cluster

SIZES = os.environ.get("PETREC_BENCH_RECORDINGS", "1000000,2000000")
ROUNDS = 3
WORKERS = (1, 2)
_SETTINGS = {"spark.executor.memory": "2g"}


def run() -> None:
    """Measure every size by every engine; write results and page after each."""
    rows: list[dict[str, Any]] = []
    for size in (int(text) for text in SIZES.split(",")):
        with (
            clinics(size) as make,
            tempfile.TemporaryDirectory(prefix="petrec-lake-") as place,
        ):
            rows += _measured(size, make(Damage.MUCH), Path(place) / "lake")
        write_page(record_sizes("lake", {"rounds": ROUNDS, "results": rows}))


def _measured(size: int, dsn: str, lake: Path) -> list[dict[str, Any]]:
    exported, _ = _petrec("export-tables", str(lake), "--dsn", dsn, "--quiet")
    size_on_disk = sum(path.stat().st_size for path in lake.rglob("*.parquet"))
    ways = {
        "PostgreSQL": ("--dsn", dsn),
        "DuckDB on the database": ("--dsn", dsn, "--engine", "duckdb"),
        "DuckDB on the export": ("--source", str(lake)),
    }
    rows = [_row(size, "export-tables", [exported]) | {"bytes": size_on_disk}]
    wanted: dict[str, int] = {}
    for name, options in ways.items():
        rows.append(_row(size, name, _timed(options, wanted)))
    if shutil.which("java") is None:
        print("Spark is left out: there is no Java")
        return rows
    for workers in WORKERS:
        with started_cluster(workers, _SETTINGS, cores=1, memory="3g") as cluster:
            options = ("--source", str(lake), "--engine", "spark", "--master", cluster.master)
            seconds = _timed(options, wanted, **cluster.environment)
        rows.append(_row(size, f"Spark, workers: {workers}", seconds))
    return rows


def _timed(options: tuple[str, ...], wanted: dict[str, int], **more: str) -> list[float]:
    """Return the seconds of some rounds; ends the benchmark if an answer differs."""
    taken = []
    for _ in range(ROUNDS):
        seconds, said = _petrec("audit", "--format", "json", *options, **more)
        kinds = {kind["id"]: kind["count"] for kind in json.loads(said)["kinds"]}
        if kinds != (wanted or kinds):
            raise SystemExit(f"{options} answer otherwise: {kinds}, {wanted}")
        wanted.update(kinds)
        taken.append(seconds)
    return taken


def _petrec(*said: str, **more: str) -> tuple[float, str]:
    command = [sys.executable, "-m", "petrec", *said]
    never = ["--fail-level", "never"] if said[0] == "audit" else []
    started = time.monotonic()
    done = subprocess.run(
        [*command, *never], check=True, capture_output=True, text=True, env={**os.environ, **more}
    )
    return time.monotonic() - started, done.stdout


def _row(size: int, way: str, seconds: list[float]) -> dict[str, Any]:
    print(f"{size:>10,} {way:24} {statistics.median(seconds):7.2f} s", flush=True)
    return {"recordings": size, "way": way, "seconds": [round(each, 3) for each in seconds]}
