"""The page on scale has the figures of the benchmark's results, each by a formula."""

import json
from typing import Any

import pytest

from tools.growth import PAGE, RESULTS, Rates, growth_text, main, page_with, powers


def row(recordings: int, fixed: float) -> dict[str, Any]:
    """Return a size that costs the same a row as any other, and something fixed."""
    changed = recordings // 5
    return {
        "recordings": recordings,
        "table_bytes": 800 * recordings,
        "audit_s": [fixed + 9, fixed + 2e-6 * recordings, fixed],
        "backfill_s": fixed + changed / 10_000,
        "wal_bytes": 900 * changed,
        "journal_bytes": 500 * changed,
        "changed": changed,
    }


def test_what_each_command_costs_at_any_size_is_in_no_rate() -> None:
    rates = Rates.of([row(1_000_000, 3), row(2_000_000, 3), row(4_000_000, 3)])
    assert rates.seconds == pytest.approx(2e-6)
    assert rates.rows_a_second == pytest.approx(10_000)
    assert (rates.log_bytes, rates.journal_bytes, rates.table_bytes) == (900, 500, 800)


def test_the_power_of_growth_is_fitted_to_all_sizes() -> None:
    sizes = [(10**6, 2.0, 8.0), (2 * 10**6, 4.0, 32.0), (4 * 10**6, 8.0, 128.0)]
    results = [
        {"recordings": size, "audit_s": [9.0, audit, 0.1], "backfill_s": backfill}
        for size, audit, backfill in sizes
    ]
    assert powers(results) == {"audit": pytest.approx(1), "backfill": pytest.approx(2)}


def test_sizes_that_do_not_grow_are_refused() -> None:
    slow = row(1_000_000, 9_000)
    with pytest.raises(SystemExit, match="does not grow with the size"):
        Rates.of([slow, row(2_000_000, 3)])


def test_a_plan_is_the_product_of_number_and_rate() -> None:
    measured = {
        "results": [row(1_000_000, 3), row(4_000_000, 3)],
        "machine": {"processors": 2},
        "damage": "38 %",
        "audits": 3,
    }
    text = growth_text(measured)
    assert (
        "| 1,000,000,000 | 10,000,000 | 800 GB | 33 min 20 s | 16 min 40 s | 9.0 GB | 5.0 GB |"
        in text
    )
    assert (
        "| 10,000,000,000 | 100,000,000 | 8.0 TB | 5 h 33 min | 2 h 46 min | 90 GB | 50 GB |"
        in text
    )
    assert "writes 9.0 MB of log a\nsecond" in text


def test_the_page_is_what_the_results_say() -> None:
    page = PAGE.read_text(encoding="utf-8")
    text = growth_text(json.loads(RESULTS.read_text(encoding="utf-8")))
    assert text in page
    assert page_with(text, page) == page


def test_words_are_refused_before_the_page_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    before = PAGE.stat().st_mtime_ns
    monkeypatch.setattr("sys.argv", ["growth", "--help"])
    with pytest.raises(SystemExit, match="takes no arguments"):
        main()
    assert PAGE.stat().st_mtime_ns == before
