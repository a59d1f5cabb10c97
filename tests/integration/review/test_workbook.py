"""Workbooks cost the cells they have; what a spreadsheet did to a cell never becomes another id."""

import datetime as dt
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlsxwriter

from petrec.features.review.read import read_files
from petrec.features.review.read.entry import Reading
from petrec.features.review.read.workbook import Damaged, Workbook
from tests.plugins.exports import Exported


def cells(path: Path) -> list[list[str]]:
    with Workbook(path) as book:
        return [row for _, row in book.rows(book.sheet_names[0])]


def written(path: Path, *values: Any) -> Path:
    book = openpyxl.Workbook()
    book.active.append(values)
    book.save(path)
    return path


@pytest.mark.parametrize("last", [100_000, pytest.param(1_048_576, marks=pytest.mark.full)])
def test_stray_cells_cost_one_cell_each(exported: Exported, last: int) -> None:
    path = exported("few.xlsx")
    book = openpyxl.load_workbook(path)
    cases = sum(sheet.max_row - 1 for sheet in book.worksheets[1:])
    for sheet, cell in zip(book.worksheets, (f"A{last}", f"XFD{last}", "XFD1"), strict=False):
        sheet[cell] = sheet[cell].value or "x"
    book.save(path)
    read: list[Reading] = []
    # A list for each row above them would take more.
    assert peak(lambda: read.append(read_files([path], ""))) < 4_000_000
    assert read[0].problems == []
    assert read[0].undecided >= cases > 20


def peak(work: Callable[[], object]) -> int:
    tracemalloc.start()
    work()
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most


def test_one_long_text_in_many_cells_is_kept_once(tmp_path: Path) -> None:
    book = xlsxwriter.Workbook(tmp_path / "long.xlsx")
    sheet = book.add_worksheet()
    for row in range(5_000):
        sheet.write_string(row, 0, "x" * 32_000)
    book.close()
    assert peak(lambda: cells(tmp_path / "long.xlsx")) < 50_000_000


def test_a_bomb_is_refused_unread(tmp_path: Path) -> None:
    path = written(tmp_path / "bomb.xlsx", "a")
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/more.xml", bytes(60_000_000))
    with pytest.raises(Damaged, match="uncompressed"):
        cells(path)
    (problem,) = read_files([path], "").problems
    assert "uncompressed" in problem.reason


def test_entities_do_not_grow(tmp_path: Path) -> None:
    path = written(tmp_path / "a.xlsx", "a")
    levels = "".join(f'<!ENTITY l{n + 1} "{f"&l{n};" * 10}">' for n in range(9))
    text = (
        f'<!DOCTYPE x [<!ENTITY l0 "{"x" * 100}">{levels}]><worksheet><row>&l9;</row></worksheet>'
    )
    replaced = replace_part(path, "xl/worksheets/sheet1.xml", lambda _: text)
    with pytest.raises(Damaged):
        cells(replaced)


def replace_part(path: Path, part: str, change: Callable[[str], str]) -> Path:
    out = path.with_name("changed.xlsx")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, change(content.decode()) if name == part else content)
    return out


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text[: len(text) // 2],
        lambda text: text.replace('r="A1"', 'r="ZZZZZZZ1"'),
        lambda text: text.replace('<row r="1"', '<row r="99999999999"'),
        lambda text: text.replace('r="B1"', 'r="B1" t="s"'),
        lambda text: text.replace('r="A1"', 'r="1"'),
    ],
)
def test_a_damaged_workbook_is_refused(tmp_path: Path, change: Callable[[str], str]) -> None:
    path = written(tmp_path / "a.xlsx", "a", 2)
    with pytest.raises(Damaged):
        cells(replace_part(path, "xl/worksheets/sheet1.xml", change))


@pytest.mark.parametrize("content", [b"", b"PK", b"recording_id,kind\n", b"\xd0\xcf\x11\xe0" * 200])
def test_what_is_no_workbook(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(content)
    (problem,) = read_files([path], "").problems
    assert "not a valid .xlsx file" in problem.reason


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("00123", "00123"),
        (123, "123"),
        (1.0, "1"),
        (2**53 + 2, "9.007199E+15"),
        (1e20, "1.000000E+20"),
        (0.5, "5.000000E-01"),
        (True, "1"),
        (dt.datetime(2026, 1, 2), "2026-01-02"),
        (dt.datetime(2026, 1, 2, 3, 4), "2026-01-02 03:04:00"),
        (dt.date(2026, 1, 2), "2026-01-02"),
        (" a\nb ", " a\nb "),
        ("_x0041_", "_x0041_"),
        ("_x000D_", "\r"),
        ("=1+1", "=1+1"),
    ],
)
def test_values_of_every_type_are_read_as_text(tmp_path: Path, value: Any, text: str) -> None:
    assert cells(written(tmp_path / "a.xlsx", value, "end")) == [[text, "end"]]


def test_a_formula_is_what_it_was_computed_to_be(tmp_path: Path) -> None:
    with xlsxwriter.Workbook(tmp_path / "a.xlsx") as book:
        written = book.add_worksheet()
        written.write_formula("A1", '="x"&"y"', None, "xy")
        written.write_formula("B1", "=LEFT(A1, 0)", None, "")
        written.write_array_formula("C1:C1", "{=1+1}", None, 2)
        written.write("D1", "end")
    bare, typed = '<c r="B1">', '<c r="B1" t="str">'
    sheet = "xl/worksheets/sheet1.xml"
    path = replace_part(tmp_path / "a.xlsx", sheet, lambda text: text.replace(bare, typed))
    assert cells(path) == [["xy", "", "2", "end"]]


def test_a_number_of_a_custom_date_format_is_no_id(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    for column, code in enumerate(('dd"."mm', "[h]:mm", '0.00" days"', "[Red]0"), start=1):
        sheet.cell(1, column, 45_000).number_format = code
    book.save(tmp_path / "a.xlsx")
    assert cells(tmp_path / "a.xlsx") == [["2023-03-15", "45000 days, 0:00:00", "45000", "45000"]]


def test_a_strict_workbook_is_named(tmp_path: Path) -> None:
    path = written(tmp_path / "a.xlsx", "a")
    usual, strict = "//schemas.openxmlformats.org/officeDocument/2006", "//purl.oclc.org/ooxml"
    path = replace_part(path, "xl/workbook.xml", lambda text: text.replace(usual, strict))
    with pytest.raises(Damaged, match="Strict"):
        cells(path)


def test_filters_merged_hidden_and_coloured_cells_are_read(
    tmp_path: Path, recwarn: pytest.WarningsRecorder
) -> None:
    with xlsxwriter.Workbook(tmp_path / "a.xlsx") as book:
        sheet = book.add_worksheet("cases")
        sheet.write_row(0, 0, ["id", "note"])
        sheet.write_rich_string(1, 0, "a", book.add_format({"bold": True}), "b", "c")
        sheet.merge_range(2, 0, 3, 1, "merged")
        sheet.set_row(4, None, None, {"hidden": True})
        sheet.write(4, 0, "hidden")
        sheet.write_formula(5, 0, "=1+6", None, 7)
        sheet.autofilter(0, 0, 5, 1)
        sheet.filter_column(0, "x == *a* and x != b")
        sheet.data_validation("B2:B9", {"validate": "list", "source": "=Other!$A$1:$A$3"})
        sheet.conditional_format("A1:B3", {"type": "data_bar", "data_bar_2010": True})
        chart = book.add_chart({"type": "bar"})
        chart.add_series({"values": "=cases!$A$1:$A$3"})
        book.add_chartsheet("chart").set_chart(chart)
        book.add_worksheet("Other")
        book.define_name("gone", "=#REF!")
    assert cells(tmp_path / "a.xlsx") == [["id", "note"], ["abc"], ["merged"], ["hidden"], ["7"]]
    assert not recwarn.list
