"""A signal ends a long query of DuckDB at once, and nothing is left."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import duckdb
import pytest

from tests.plugins.command import environment
from tests.plugins.waiting import until

_RECORDINGS = 2_000_000
_QUERIES = {
    "recordings": "SELECT i AS id, NULL::INT AS pet_id, i // 4 AS appointment_id"
    f" FROM range({_RECORDINGS}) t(i)",
    "pets": "SELECT i AS id FROM range(1000) t(i)",
    "appointments": f"SELECT i AS id FROM range({_RECORDINGS // 4}) t(i)",
    "appointment_pets": "SELECT i // 2 AS appointment_id, i % 1000 AS pet_id"
    f" FROM range({_RECORDINGS // 2}) t(i)",
}
# All recordings are of one appointment, which lists all pets.
_LISTS = {
    "recordings": "SELECT i AS id, NULL::INT AS pet_id, 1 AS appointment_id FROM range(20000) t(i)",
    "pets": "SELECT i AS id FROM range(100000) t(i)",
    "appointments": "SELECT 1 AS id",
    "appointment_pets": "SELECT 1 AS appointment_id, i AS pet_id FROM range(100000) t(i)",
}
# Less than the audit needs.
_USED_S = 0.4


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("lake")
    write(directory, _QUERIES)
    return directory


def write(directory: Path, queries: Mapping[str, str]) -> None:
    directory.mkdir(exist_ok=True)
    with duckdb.connect() as connection:
        for name, query in queries.items():
            connection.query(query).write_parquet(str(directory / f"{name}.parquet"))


def used_s(pid: int) -> float:
    """Return the seconds of processors that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.few(1)
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
    ended_by(process, number, temporary)


@pytest.mark.skipif(sys.platform != "linux", reason="asks /proc what the process does")
def test_a_signal_ends_a_query_whose_steps_take_minutes(tmp_path: Path) -> None:
    lists, temporary = tmp_path / "lists", tmp_path / "temporary"
    temporary.mkdir()
    write(lists, _LISTS)
    said = ("audit", "--rows", "missing_ambiguous", "--source", str(lists))
    process = subprocess.Popen(
        [sys.executable, "-m", "petrec", *said], cwd=tmp_path, text=True,
        env=environment(TMPDIR=str(temporary)), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    ended_by(process, signal.SIGTERM, temporary)


def ended_by(process: "subprocess.Popen[str]", number: signal.Signals, temporary: Path) -> None:
    """Send a signal to a command that works on a query, and look at its end."""
    with process:
        until(lambda: any(temporary.iterdir()))
        before = used_s(process.pid)
        until(lambda: process.poll() is not None or used_s(process.pid) > before + _USED_S)
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (130, "petrec: interrupted\n"), out[:200]
    assert not list(temporary.iterdir())
