"""The page of a fleet: the worst first, words of the database escaped, pages that exist linked."""

from pathlib import Path

import pytest

from petrec.documents.document import Document, Finding
from petrec.errors import OutputError, UsageError
from petrec.operations.fleet.overview import Overview
from petrec.operations.fleet.result import FleetResult, TargetOutcome, TargetState
from petrec.operations.fleet.targets import FleetTarget

FOUND = Finding("mismatched", "error", 25, "pet and appointment exist")
LESS_BAD = Finding("owner_differs", "warning", 3, "another owner")
DAMAGED = Document("audit", "25 of 100 recordings", {"total": 100}, findings=(FOUND, LESS_BAD))
REPORTED = Document("report", "all fit", {"audit": {"total": 300}})
RESULT = FleetResult(
    of="report",
    targets=(
        TargetOutcome("down/db/a", 3, TargetState.FAILED, "<b>no</b> route", "start & retry"),
        TargetOutcome("up/db/b", 1, TargetState.FINDINGS, documents=(DAMAGED,)),
        TargetOutcome("up/db/c", 0, TargetState.CLEAN, documents=(REPORTED,)),
    ),
)


NAMES = ("down/db/a", "up/db/b", "up/db/c")


def test_each_target_has_a_row_with_its_part_of_the_sums(tmp_path: Path) -> None:
    targets = [FleetTarget(name, f"{name[-1]} #1") for name in NAMES]
    (tmp_path / "pages").mkdir()
    # The first has failed, so its page is of another day; the third has none.
    for name in ("a #1", "b #1"):
        (tmp_path / "pages" / f"{name}.html").touch()
    Overview(tmp_path / "all.html", tmp_path / "pages/{schema}.html", targets).write(RESULT)
    page = (tmp_path / "all.html").read_text()
    places = [page.index(name) for name in NAMES]
    assert places == sorted(places)
    assert "<b>25</b> of 400 recordings in 2 targets need attention (6.2 %)" in page
    assert "&lt;b&gt;no&lt;/b&gt; route" in page
    assert "next: start &amp; retry" in page
    assert 'href="pages/b%20%231.html"' in page
    assert page.count("href=") == 1
    assert "pet and appointment exist, but the pet was not in the appointment" in page
    assert page.count('<td class="n big">-</td>') == 1
    assert "the pet&#39;s owner is not the appointment&#39;s owner" in page
    assert "<script" not in page
    assert (tmp_path / "all.html").stat().st_mode & 0o777 == 0o600


def test_a_page_that_cannot_be_written_is_refused_before_any_work(tmp_path: Path) -> None:
    targets = [FleetTarget("db/a", "a")]
    with pytest.raises(UsageError, match="that of db/a would both be"):
        Overview(tmp_path / "a.html", tmp_path / "{schema}.html", targets).check()
    (tmp_path / "file").touch()
    with pytest.raises(OutputError):
        Overview(tmp_path / "file" / "all.html", None, targets).check()
    Overview(tmp_path / "all.html", tmp_path / "{schema}.html", targets).check()
