"""The page of a fleet: the worst first, words of the database escaped, pages that exist linked."""

from pathlib import Path

from petrec.documents.document import Document, Finding
from petrec.operations.fleet.overview import own_pages, write_overview
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


def test_each_target_has_a_row_with_its_part_of_the_sums(tmp_path: Path) -> None:
    write_overview(RESULT, tmp_path / "all.html", {"up/db/b": tmp_path / "pages" / "b #1.html"})
    page = (tmp_path / "all.html").read_text()
    places = [page.index(name) for name in ("down/db/a", "up/db/b", "up/db/c")]
    assert places == sorted(places)
    assert "<b>25</b> of 400 recordings in all need attention (6.2 %)" in page
    assert "&lt;b&gt;no&lt;/b&gt; route" in page
    assert "next: start &amp; retry" in page
    assert 'href="pages/b%20%231.html"' in page
    assert page.count("href=") == 1
    assert "pet and appointment exist, but the pet was not in the appointment" in page
    assert "<script" not in page
    assert (tmp_path / "all.html").stat().st_mode & 0o777 == 0o600


def test_a_page_is_linked_where_the_target_has_written_it(tmp_path: Path) -> None:
    targets = [FleetTarget(name, name) for name in ("a", "b")]
    pattern = tmp_path / "{schema}.html"
    written = tmp_path / "a.html"
    written.touch()
    assert own_pages(pattern, targets) == {targets[0].name: written}
    assert own_pages(None, targets) == {}
