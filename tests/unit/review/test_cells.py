"""Whatever a cell holds comes back, and no cell starts as a formula does."""

import csv
import errno
import gc
import io
import os
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from xlsxwriter import Workbook as Writer

from petrec.documents.as_csv import write_rows
from petrec.documents.safe_text import decode_cell
from petrec.features.review.as_xlsx import write_workbook
from petrec.features.review.case import Candidate, Case, Verdict
from petrec.features.review.read.workbook import Workbook
from petrec.features.review.rows import COLUMNS, choices_of, decode_choices, encode_choices, row_of
from petrec.features.review.sheet import decode_text, encode_text
from petrec.files import decode_text as file_text

# How many strings; they are drawn in lists, since each list makes a file.
MANY = int(os.environ.get("PETREC_EXAMPLES", 20 * settings().max_examples))
AT_ONCE = 100
TRIGGERS = "=+-@\t\r\n\0'"
_NASTY = st.sampled_from([*TRIGGERS, '"', ",", ";", "_x0041_", "_x", "x005F_", "\ufeff", "\ufffe",
                          "\uffff", "\x7f", "\x1b", "\u2028", "é", "e\u0301",
                          "小花", "🐶", " "])  # fmt: skip
_ANY = st.characters(exclude_categories=["Cs"])
STRINGS = st.lists(st.one_of(_NASTY, _ANY), max_size=12).map("".join)
LISTS = st.lists(STRINGS, min_size=AT_ONCE, max_size=AT_ONCE)
thorough = settings(max_examples=max(1, MANY // AT_ONCE))


def is_formula(cell: str) -> bool:
    return cell[:1] in tuple("=+-@\t\r\n\0") and bool(cell)


@thorough
@given(texts=LISTS)
def test_csv_gives_any_text_back_and_holds_no_formula(texts: list[str]) -> None:
    out = io.StringIO(newline="")
    write_rows(["text"], [(text,) for text in texts], out, bom=True)
    content = file_text(out.getvalue().encode())
    cells = [row[0] if row else "" for row in csv.reader(io.StringIO(content, newline=""))][1:]
    assert not [cell for cell in cells if is_formula(cell)]
    assert [decode_cell(cell) for cell in cells] == texts


@thorough
@given(texts=LISTS)
def test_a_workbook_gives_any_text_back_and_holds_no_formula(texts: list[str]) -> None:
    with NamedTemporaryFile(suffix=".xlsx") as out:
        with Writer(out, {"constant_memory": True, "strings_to_formulas": False}) as workbook:
            sheet = workbook.add_worksheet()
            for row, text in enumerate(texts):
                assert not is_formula(encode_text(text))
                sheet.write_string(row, 0, encode_text(text))
                sheet.write_string(row, 1, ".")
        out.flush()
        with Workbook(Path(out.name)) as read:
            rows = list(read.rows(read.sheet_names[0]))
    assert [decode_text(cells[0]) for _, cells in rows] == texts


@given(texts=st.tuples(STRINGS, STRINGS, STRINGS))
def test_choices_are_plain_text(texts: tuple[str, str, str]) -> None:
    candidate = Candidate(texts[0], texts[1], Verdict.ASSIGN, texts[2])
    case = Case("1", "missing_ambiguous", "s", None, texts[2], (candidate,))
    choices = choices_of(case)
    cell = encode_choices(choices)
    assert cell.isascii()
    assert cell.isprintable()
    assert decode_choices(cell) == choices
    assert len(row_of(case, choices)) == len(COLUMNS)


def test_an_id_that_no_cell_holds_stops_no_other_case() -> None:
    case = Case("1", "missing_ambiguous", "s", None, "a" * 40_000, ())
    assert choices_of(case).numbered == ()


@pytest.mark.parametrize("room", [0, 3_000])
def test_a_full_disk_is_the_systems_error(room: int) -> None:
    class Disk(io.BytesIO):
        def write(self, data: Any) -> int:
            if self.tell() + len(data) > room:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return super().write(data)

    with Disk() as disk, pytest.raises(OSError, match="No space left"):
        write_workbook([Case("1", "mismatched", "s", "1", "1", ())], disk)
    # A ZipFile that still writes to the disk now would be an error of this test.
    gc.collect()


def test_a_workbook_holds_no_formula(tmp_path: Path) -> None:
    nasty = Candidate("=1", "=cmd|' /C calc'!A0", Verdict.ASSIGN, "+1", "@details")
    cases = [Case(f"={n}", "mismatched", "s", "-1", "+1", (nasty,), (("notes", "=2+3"),))
             for n in range(3)]  # fmt: skip
    path = tmp_path / "cases.xlsx"
    with path.open("wb") as out:
        assert write_workbook(cases, out) == 3
    import openpyxl

    cells = [
        c
        for row in openpyxl.load_workbook(path)["Pet not in the appointment"].iter_rows()
        for c in row
    ]
    assert {c.data_type for c in cells if c.value is not None} <= {"s", "inlineStr"}
    assert not [c.value for c in cells if c.value and is_formula(str(c.value))]


def test_half_a_character_stays_as_it_is_written() -> None:
    assert decode_text("␛0007 ␛D800 ␛DFFF") == "\a ␛D800 ␛DFFF"
