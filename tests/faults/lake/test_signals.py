"""A signal ends a long query of DuckDB at once, and nothing is left."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from tests.plugins.command import environment
from tests.plugins.waiting import until

_RECORDINGS = 4_000_000
_QUERIES = {
    "recordings": "SELECT i AS id, NULL::INT AS pet_id, i // 4 AS appointment_id"
    f" FROM range({_RECORDINGS}) t(i)",
    "pets": "SELECT i AS id FROM range(1000) t(i)",
    "appointments": f"SELECT i AS id FROM range({_RECORDINGS // 4}) t(i)",
    "appointment_pets": "SELECT i // 2 AS appointment_id, i % 1000 AS pet_id"
    f" FROM range({_RECORDINGS // 2}) t(i)",
}
# Less than the audit needs.
_USED_S = 1


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("lake")
    with duckdb.connect() as connection:
        for name, query in _QUERIES.items():
            connection.query(query).write_parquet(str(directory / f"{name}.parquet"))
    return directory


def used_s(pid: int) -> float:
    """Return the seconds of processors that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.skipif(sys.platform != "linux", reason="asks /proc what the process does")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_long_query_with_the_usual_words(
    lake: Path, tmp_path: Path, number: signal.Signals
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-m", "petrec", "audit", "--source", str(lake)], cwd=tmp_path, text=True,
        env=environment(TMPDIR=str(temporary)), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    with process:
        until(lambda: any(temporary.iterdir()))
        before = used_s(process.pid)
        until(lambda: process.poll() is not None or used_s(process.pid) > before + _USED_S)
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (130, "petrec: interrupted\n"), out[:200]
    assert not list(temporary.iterdir())
