"""A fleet beside one command after the other: the time of audits of many small clinics.

`petrec fleet --jobs 1` and `--jobs 4` in turns, on a server of this machine and through a network
with latency; a loop of `petrec audit --schema`, which starts a process with all imports for each
target, on this machine. Four jobs save what a target waits for; what it computes, two processors
share.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import nullcontext
from typing import Any

import psycopg
from psycopg import sql

from benchmarks.clinics import server
from benchmarks.latency import delayed
from benchmarks.record import record
from petrec.demo.clinic import create

TARGETS, ROUNDS = 24, 3
LATENCY_MS = (0, 5, 20)
# Of the loop, at most this part; what of --jobs 1 depends on processors and latency.
BOUND = 0.5
SCHEMAS = [f"clinic_{number}" for number in range(TARGETS)]
TABLES = ("pets", "appointments", "appointment_pets", "recordings")


def run() -> None:
    """Write the times and ratios; 1 if four jobs take more than half of the loop's time."""
    with server() as cluster:
        with psycopg.connect(cluster.dsn()) as connection:
            create(connection, recordings=2_000)
            for schema in SCHEMAS:
                _copy(connection, schema)
        rows = [_measured(cluster.dsn(), milliseconds) for milliseconds in LATENCY_MS]
    record("fleet", {"rounds": ROUNDS, "targets": TARGETS, "bound": BOUND, "results": rows})
    if rows[0]["jobs 4 to loop"] > BOUND:
        raise SystemExit("four jobs take more than half of the time of one after the other")


def _measured(dsn: str, milliseconds: int) -> dict[str, Any]:
    """Return the seconds of each way, and the ratios of their medians."""
    fleet = ("fleet", "--schema", "clinic_*", "--jobs")
    ways: dict[str, list[tuple[str, ...]]] = {
        "jobs 1": [(*fleet, "1", "audit")],
        "jobs 4": [(*fleet, "4", "audit")],
    }
    if not milliseconds:
        ways["loop"] = [("audit", "--schema", schema) for schema in SCHEMAS]
    with delayed(dsn, milliseconds / 1000) if milliseconds else nullcontext(dsn) as reached:
        os.environ["PETREC_DATABASE_URL"] = reached
        times = _timed(ways)
    medians = {name: statistics.median(each) for name, each in times.items()}
    for name, seconds in medians.items():
        part = seconds / medians["jobs 1"]
        print(f"{TARGETS} audits, {milliseconds} ms, {name}: {seconds:.2f} s, {part:.2f} of jobs 1")
    four = medians.pop("jobs 4")
    ratios = {f"jobs 4 to {name}": round(four / each, 2) for name, each in medians.items()}
    return {"latency_ms": milliseconds, "seconds": times, **ratios}


def _timed(ways: dict[str, list[tuple[str, ...]]]) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, commands in ways.items():
            started = time.perf_counter()
            for words in commands:
                _petrec(*words)
            times[name].append(round(time.perf_counter() - started, 3))
    return times


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
