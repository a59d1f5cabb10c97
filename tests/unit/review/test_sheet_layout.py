"""What a person sees of a workbook: words first, heights that fit, pages that can be read."""

import io
from typing import Any

import openpyxl
import pytest

from petrec.features.review.as_xlsx import write_workbook
from petrec.features.review.case import Candidate, Case, Verdict
from petrec.features.review.rows import COLUMNS
from petrec.features.review.sheet_layout import row_height
from petrec.rules import FINDINGS

PIXELS, SCREEN, ONE_LINE = 7, 1366, 13.5
LONG = Candidate("1", "Rex", Verdict.ASSIGN, "1", "Dog, German Shepherd, in the appointment")
ABOUT = (("pet", "Luna"), ("owner", "Ann"), ("transcript_text", "So Rex is well. " * 60))


def workbook(*kinds: str, candidates: int = 2) -> Any:
    cases = [Case(f"r{n}", kind, "s", "1", "1", (LONG,) * candidates, ABOUT)
             for n, kind in enumerate(kinds)]  # fmt: skip
    out = io.BytesIO()
    write_workbook(cases, out)
    return openpyxl.load_workbook(out)


@pytest.fixture(scope="module")
def sheet() -> Any:
    return workbook("mismatched", "mismatched").worksheets[1]


def width(sheet: Any, place: int) -> float:
    """Return the width of a column; neighbours of the same width are one entry."""
    found = [d for d in sheet.column_dimensions.values() if d.min <= place + 1 <= d.max]
    return float(found[0].width)


def test_names_come_before_ids_and_the_decision_beside_the_candidates(sheet: Any) -> None:
    header = [cell.value for cell in sheet[1]]
    ids = [header.index(name) for name in ("recording_id", "pet_id", "appointment_id")]
    names = [header.index(name) for name in ("owner", "pet", "vet", "recorded_by", "candidates")]
    assert max(names) < min(ids)
    assert header.index("candidates") == header.index("decision") + 1
    hidden = [d for d in sheet.column_dimensions.values() if d.hidden]
    assert any(d.min <= header.index("kind") + 1 <= d.max for d in hidden)
    assert not any(d.min <= max(ids) + 1 for d in hidden)


def test_what_stays_in_view_leaves_half_of_a_small_screen(sheet: Any) -> None:
    frozen = openpyxl.utils.cell.coordinate_from_string(sheet.freeze_panes)[0]
    count = openpyxl.utils.column_index_from_string(frozen) - 1
    header = [cell.value for cell in sheet[1]]
    assert header.index("decision") == count - 1
    assert sum(width(sheet, place) * PIXELS for place in range(count)) < SCREEN / 2


def test_a_row_shows_all_lines_of_its_cells(sheet: Any) -> None:
    header = [cell.value for cell in sheet[1]]
    for column in ("candidates", "transcript_text"):
        place = header.index(column)
        text = sheet.cell(2, place + 1).value
        assert sheet.row_dimensions[2].height >= ONE_LINE * len(text) / width(sheet, place) * 0.8
    assert sheet.row_dimensions[2].height == sheet.row_dimensions[3].height


@pytest.mark.parametrize(
    ("text", "lines"),
    [("", 1), ("Rex", 1), ("a\nb\nc", 3), ("word " * 40, 5), ("x" * 200, 5), ("\n" * 500, 29.9)],
)
def test_heights_follow_the_lines(text: str, lines: float) -> None:
    values = dict.fromkeys(COLUMNS, "")
    height = row_height(values | {"candidates": text}, [])
    assert lines <= height / ONE_LINE < lines + 1.2


def test_a_long_choice_in_the_narrow_decision_fits(sheet: Any) -> None:
    few = workbook("mismatched", candidates=1).worksheets[1]
    label = few.cell(2, [cell.value for cell in few[1]].index("choice 1") + 1).value
    assert few.row_dimensions[2].height >= 2 * ONE_LINE, label


def test_a_page_is_landscape_with_the_header_and_a_number(sheet: Any) -> None:
    setup = sheet.page_setup
    assert (setup.orientation, setup.fitToHeight) == ("landscape", 0)
    assert sheet.sheet_properties.pageSetUpPr.fitToPage
    assert sheet.print_title_rows == "$1:$1"
    assert str(sheet.oddFooter.right.text).startswith("Page &")
    header = [cell.value for cell in sheet[1]]
    last = openpyxl.utils.get_column_letter(header.index("transcript_text") + 1)
    assert sheet.print_area.endswith(f"$A$1:${last}$3")


def test_kinds_are_in_words_that_a_sheet_can_be_named_by() -> None:
    kinds = [kind for kind in FINDINGS if kind.repair == "review"]
    book = workbook(*[kind.id for kind in kinds])
    assert book.sheetnames[1:] == [kind.name for kind in kinds]
    assert all(len(kind.name) < 31 - len(" 9") for kind in kinds)
    assert len({kind.name.casefold() for kind in kinds}) == len(kinds)


def test_what_is_typed_stays_text(sheet: Any) -> None:
    for cell, head in zip(sheet[2], sheet[1], strict=True):
        if head.value in {"decision", "other_pet_id", "reviewer", "note"}:
            assert cell.number_format == "@"
