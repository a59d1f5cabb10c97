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

from petrec.review.read import read_files
from petrec.review.read.workbook import Damaged, Workbook
from tests.review.conftest import Exported


def cells(path: Path) -> list[list[str]]:
    with Workbook(path) as book:
        return [row for _, row in book.rows(book.sheet_names[0])]


def written(path: Path, *values: Any) -> Path:
    book = openpyxl.Workbook()
    book.active.append(values)
    book.save(path)
    return path


@pytest.mark.parametrize("cell", ["A1048576", "XFD1", "XFD1048576"])
def test_a_stray_cell_costs_one_cell(exported: Exported, cell: str) -> None:
    path = exported("cases.xlsx")
    before = peak(lambda: read_files([path], ""))
    book = openpyxl.load_workbook(path)
    for sheet in book.worksheets:
        sheet[cell] = sheet[cell].value or "x"
    book.save(path)
    assert peak(lambda: read_files([path], "")) < before + 20_000_000
    reading = read_files([path], "")
    assert reading.problems == []
    assert reading.undecided >= 313


def peak(work: Callable[[], object]) -> int:
    tracemalloc.start()
    work()
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most


def test_one_long_text_in_many_cells_is_kept_once(tmp_path: Path) -> None:
    book = xlsxwriter.Workbook(tmp_path / "long.xlsx")
    sheet = book.add_worksheet()
    for row in range(20_000):
        sheet.write_string(row, 0, "x" * 32_000)
    book.close()
    assert peak(lambda: cells(tmp_path / "long.xlsx")) < 50_000_000


def test_a_bomb_is_refused_unread(tmp_path: Path) -> None:
    path = written(tmp_path / "bomb.xlsx", "a")
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/more.xml", bytes(60_000_000))
    with pytest.raises(Damaged, match="unpacked"):
        cells(path)
    (problem,) = read_files([path], "").problems
    assert "unpacked" in problem.reason


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
        lambda text: text.replace('r="B1"', 'r="B1" t="s"'),
        lambda text: text.replace('r="A1"', 'r="1"'),
    ],
)
def test_damage_is_named(tmp_path: Path, change: Callable[[str], str]) -> None:
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
        ("_x0041_", "A"),
    ],
)
def test_values(tmp_path: Path, value: Any, text: str) -> None:
    assert cells(written(tmp_path / "a.xlsx", value, "end")) == [[text, "end"]]


def test_a_number_of_a_custom_date_format_is_no_id(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    for column, code in enumerate(('dd"."mm', "[h]:mm", '0.00" days"', "[Red]0"), start=1):
        sheet.cell(1, column, 45_000).number_format = code
    book.save(tmp_path / "a.xlsx")
    assert cells(tmp_path / "a.xlsx") == [["2023-03-15", "2023-03-15", "45000", "45000"]]
