"""The benchmark's page and chart hold what was measured, and a missed bound ends it with 1."""

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from benchmarks import lake_page, report
from benchmarks.api_bounds import Compared, Side, as_document
from benchmarks.bounds import DUCKDB, FOUR, PETREC, SCANNED, SEVEN, compared, held
from benchmarks.chart import Bar, bars
from benchmarks.clinics import Damage

MACHINE = {
    "taken": "2026-01-31",
    "processors": 2,
    "architecture": "x",
    "system": "y",
    "python": "3",
}


def row(way: str, *seconds: float, size: int = 1000, damage: Damage = Damage.MUCH) -> Any:
    return {"recordings": size, "damage": damage.value, "way": way, "seconds": list(seconds)}


FAST = [
    row(PETREC, 9, 3, 5),
    row(SEVEN, 10, 11, 12),
    row(f"{DUCKDB} 1.5.5", 4),
    row(SCANNED, 4.4),
]


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    made = tmp_path / "performance.md"
    made.write_text(f"before\n\n{report.BEGIN}\nold\n{report.END}\n\nafter\n")
    monkeypatch.setattr(report, "PAGE", made)
    monkeypatch.setattr(report, "CHART", tmp_path / "audit.svg")
    monkeypatch.setattr(report, "RESULTS", tmp_path)
    return made


def write(page: Path, results: list[Any], *missing: str) -> str:
    measured = {"machine": MACHINE, "rounds": 3, "missing": missing, "results": results}
    (page.parent / "audit.json").write_text(json.dumps(measured))
    report.write_report()
    return page.read_text()


def test_a_bound_compares_medians_of_one_size_and_damage() -> None:
    others = [row(PETREC, 100, size=2000), row(SEVEN, 1, damage=Damage.LITTLE)]
    found = {each.bound.other: round(each.ratio, 3) for each in held([*others, *FAST])}
    assert found == {SEVEN: round(5 / 11, 3), DUCKDB: 1.1}


def test_of_a_large_clinic_only_those_are_asked_that_a_bound_compares() -> None:
    ways = (SEVEN, FOUR, f"{DUCKDB} 1.5.5", "polars 2.1.0")
    asked = {damage: [way for way in ways if compared(way, damage)] for damage in Damage}
    assert asked == {
        Damage.MUCH: [SEVEN, f"{DUCKDB} 1.5.5"],
        Damage.LITTLE: [FOUR],
        Damage.INDEXED: [],
        Damage.NONE: [],
        Damage.KEPT: [FOUR],
    }


def test_the_chart_is_of_the_size_at_which_most_was_asked(page: Path) -> None:
    write(page, [*FAST, row(PETREC, 30, size=5000), row(SEVEN, 60, size=5000)])
    chart = (page.parent / "audit.svg").read_text()
    assert "1,000 recordings" in chart
    assert "5,000" not in chart


def test_engines_stand_side_by_side_in_the_section_of_their_own(tmp_path: Path) -> None:
    page = tmp_path / "scale.md"
    page.write_text(f"before\n{lake_page.BEGIN}\nold\n{lake_page.END}\nafter\n")
    rows = [row("one", 5, 1, 2), row("one", 9, size=2000), row("other", 7, size=2000)]
    measured = {"machine": MACHINE, "rounds": 3, "results": rows}
    for _ in range(2):
        lake_page.write_page(measured, page)
        said = page.read_text()
        assert said.startswith("before\n")
        assert said.endswith("\nafter\n")
        assert "old" not in said
        assert "| recordings | 1,000 | 2,000 |\n|---|---|---|\n| one | 2.0 | 9.0 |" in said
        assert "| other |  | 7.0 |" in said


def test_the_page_keeps_what_is_around_the_results(page: Path) -> None:
    said = write(page, FAST, "dbt 1")
    assert said.startswith("before\n")
    assert said.endswith("\nafter\n")
    assert "old" not in said
    assert "| petrec audit | 5.0 (3.0 to 9.0) |" in said
    assert "Could not be installed where this was measured: dbt 1." in said
    assert write(page, FAST, "dbt 1") == said


def test_a_missed_bound_is_told_after_the_page_is_written(page: Path) -> None:
    slow = row(PETREC, 1.1, damage=Damage.LITTLE), row(FOUR, 1.0, damage=Damage.LITTLE)
    with pytest.raises(SystemExit, match="1 bounds are missed"):
        write(page, [*FAST, *slow])
    assert "| 2 %: petrec audit to four plain queries | 1,000 | 1.10 | 1.0 | missed |" in (
        page.read_text()
    )


def test_the_api_has_a_section_of_its_own(page: Path) -> None:
    page.write_text(page.read_text() + f"\n{report.API_BEGIN}\n{report.END}\nlast\n")
    write(page, FAST)
    sides = Side(900, 30, 1500, 500), Side(1000, 15, 1000, 250)
    slow = Compared("initiate", 8, 0.9, 0.8, 1.0, *sides, asking=0.1)
    found = {"machine": MACHINE, **as_document([slow])}
    (page.parent / "api.json").write_text(json.dumps(found))
    with pytest.raises(SystemExit, match="1 of 1 comparisons"):
        report.run()
    said = page.read_text()
    assert (
        "| initiate | 8 | 900 to 1,000: 0.90 | 30.0 to 15.0 ms: 2.00 | "
        "1.50 + 0.50 ms to 1.00 + 0.25 ms | missed |"
    ) in said
    assert "| petrec audit | 5.0 (3.0 to 9.0) |" in said
    assert said.endswith("\nlast\n")


def test_the_longest_bar_has_all_the_room_and_names_are_escaped() -> None:
    tree = ElementTree.fromstring(bars("a < b", {"c & d": [Bar("e", 4, own=True), Bar("f", 1)]}))
    widths = [float(each.get("width", 0)) for each in tree.iter() if each.tag.endswith("rect")]
    assert widths[0] == 4 * widths[1]
    assert {"a < b", "c & d", "e", "f"} <= set(tree.itertext())
