"""An export of very many cases: cases per second and peak memory."""

import os
import tempfile
import time
from pathlib import Path

import psycopg

from benchmarks.clinics import server
from tests.integration.review.many import fill
from tests.plugins.cluster import Cluster
from tests.plugins.memory import peak_kib

CASES = int(os.environ.get("PETREC_BENCH_CASES", "1000000"))


def run() -> None:
    """Print both formats."""
    with server() as cluster:
        with psycopg.connect(cluster.dsn(), autocommit=True) as connection:
            fill(connection, CASES)
        with tempfile.TemporaryDirectory() as directory:
            _measure(cluster, Path(directory))


def _measure(cluster: Cluster, directory: Path) -> None:
    for name in ("cases.csv", "cases.xlsx"):
        started = time.monotonic()
        peak = peak_kib(directory, cluster.dsn(), "review", "export", name, "-q") / 1024
        took = time.monotonic() - started
        size = (directory / name).stat().st_size / 2**20
        rate = f"{CASES:,} cases, {CASES / took:,.0f}/s"
        print(f"{name}: {rate}, peak {peak:.0f} MiB, file {size:.0f} MiB", flush=True)
