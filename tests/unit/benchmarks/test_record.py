"""Results of sizes that are measured apart stay together, if the machine is the same."""

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks import record as module
from benchmarks.record import record, record_sizes


def row(recordings: int, seconds: float) -> dict[str, Any]:
    return {"recordings": recordings, "seconds": seconds}


@pytest.fixture(autouse=True)
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(module, "RESULTS", tmp_path)
    return tmp_path / "growth.json"


def earlier(file: Path, **machine: object) -> None:
    """Write results of two sizes, of another day."""
    document = record("growth", {"rounds": 2, "results": [row(1, 1.0), row(3, 3.0)]})
    document["machine"] |= {"taken": "2026-01-31"} | machine
    file.write_text(json.dumps(document))


def test_a_size_replaces_its_own_rows_and_no_others(results: Path) -> None:
    earlier(results)
    content = {"rounds": 5, "results": [row(2, 2.0), row(3, 3.5)]}
    written = record_sizes("growth", content)
    assert written["results"] == [row(1, 1.0), row(2, 2.0), row(3, 3.5)]
    assert written["rounds"] == 5
    assert json.loads(results.read_text()) == written


def test_every_day_of_measurement_is_named_once(results: Path) -> None:
    earlier(results)
    first = record_sizes("growth", {"results": [row(2, 2.0)]})
    again = record_sizes("growth", {"results": [row(2, 2.5)]})
    today = record("other", {})["machine"]["taken"]
    assert first["machine"]["taken"] == again["machine"]["taken"] == f"2026-01-31, {today}"


def test_days_of_rows_that_are_all_replaced_go(results: Path) -> None:
    earlier(results)
    written = record_sizes("growth", {"results": [row(1, 1.5), row(3, 3.5)]})
    assert "2026-01-31" not in written["machine"]["taken"]


def test_results_of_another_machine_do_not_stay(results: Path) -> None:
    earlier(results, processors=512)
    written = record_sizes("growth", {"results": [row(2, 2.0)]})
    assert written["results"] == [row(2, 2.0)]
