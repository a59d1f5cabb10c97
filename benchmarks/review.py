"""An export of very many cases: cases per second and peak memory."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psycopg

from tests.plugins.binaries import find_binaries
from tests.plugins.cluster import Cluster
from tests.plugins.command import environment
from tests.review.many import fill
from tests.review.test_memory import MEASURED

CASES = int(os.environ.get("PETREC_BENCH_CASES", "1000000"))


def run() -> None:
    """Print both formats."""
    major = max(find_binaries())
    cluster = Cluster.start(major, find_binaries()[major])
    try:
        with psycopg.connect(cluster.dsn(), autocommit=True) as connection:
            fill(connection, CASES)
        with tempfile.TemporaryDirectory() as directory:
            _measure(cluster, Path(directory))
    finally:
        cluster.remove()


def _measure(cluster: Cluster, directory: Path) -> None:
    for name in ("cases.csv", "cases.xlsx"):
        started = time.monotonic()
        ended = subprocess.run(
            [sys.executable, "-c", MEASURED, str(directory / name)], check=True, text=True,
            capture_output=True, env=environment(PETREC_DATABASE_URL=cluster.dsn()),
        )  # fmt: skip
        took = time.monotonic() - started
        peak = int(ended.stderr.split()[-1]) / 1024
        size = (directory / name).stat().st_size / 2**20
        rate = f"{CASES:,} cases, {CASES / took:,.0f}/s"
        print(f"{name}: {rate}, peak {peak:.0f} MiB, file {size:.0f} MiB", flush=True)
