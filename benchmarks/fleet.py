"""A fleet beside one command after the other: the time of audits of many small clinics.

`petrec fleet --jobs 1` and `--jobs 4` beside a loop of `petrec audit --schema`, in turns. The loop
starts a process with all imports for each target, the fleet one for each job.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time

import psycopg
from psycopg import sql

from benchmarks.clinics import server
from petrec.demo.clinic import create

TARGETS, RUNS = 12, 3
SCHEMAS = [f"clinic_{number}" for number in range(TARGETS)]
TABLES = ("pets", "appointments", "appointment_pets", "recordings")


def run() -> None:
    """Print the ratios of the medians; 1 if four jobs take more than half of the loop's time."""
    with server() as cluster:
        with psycopg.connect(cluster.dsn()) as connection:
            create(connection, recordings=2_000)
            for schema in SCHEMAS:
                _copy(connection, schema)
        os.environ["PETREC_DATABASE_URL"] = cluster.dsn()
        ratios = _ratios()
    if ratios["--jobs 4"] > 0.5:
        raise SystemExit("four jobs take more than half of the time of one after the other")


def _ratios() -> dict[str, float]:
    fleet = ("fleet", "--schema", "clinic_*", "--jobs")
    ways: dict[str, list[tuple[str, ...]]] = {
        "loop": [("audit", "--schema", schema) for schema in SCHEMAS],
        "--jobs 1": [(*fleet, "1", "audit")],
        "--jobs 4": [(*fleet, "4", "audit")],
    }
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(RUNS):
        for name, commands in ways.items():
            started = time.perf_counter()
            for words in commands:
                _petrec(*words)
            times[name].append(time.perf_counter() - started)
    medians = {name: statistics.median(each) for name, each in times.items()}
    ratios = {name: each / medians["loop"] for name, each in medians.items()}
    for name, ratio in ratios.items():
        print(f"{TARGETS} audits, {name}: {medians[name]:.2f} s, {ratio:.2f}x of the loop")
    return ratios


def _petrec(*words: str) -> None:
    with tempfile.TemporaryDirectory() as directory:
        ended = subprocess.run(
            [sys.executable, "-m", "petrec", *words],
            stdout=subprocess.DEVNULL, cwd=directory, check=False,
        )  # fmt: skip
    if ended.returncode not in {0, 1}:
        raise SystemExit(f"{' '.join(words)}: exit code {ended.returncode}")


def _copy(connection: psycopg.Connection[object], schema: str) -> None:
    connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(schema)))
    for table in TABLES:
        copy = sql.SQL("CREATE TABLE {} AS TABLE {}")
        names = sql.Identifier(schema, table), sql.Identifier("public", table)
        connection.execute(copy.format(*names))
        if table != "appointment_pets":
            key = sql.SQL("ALTER TABLE {} ADD PRIMARY KEY (id)")
            connection.execute(key.format(names[0]))
