"""A damaged workbook is refused with sheet and row."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from tests.plugins.command import Petrec
from tests.plugins.databases import Database
from tests.plugins.exports import Exported

KIND = "No appointment"


def cell(sheet: Any, column: str, row: int) -> Any:
    return sheet.cell(row, [c.value for c in sheet[1]].index(column) + 1)


def mangle_sheet(path: Path, change: Callable[[Any], None]) -> None:
    book = openpyxl.load_workbook(path)
    sheet = book[KIND]
    for row in range(2, sheet.max_row + 1):
        cell(sheet, "decision", row).value = "1"
    change(sheet)
    book["instructions"]["B1"] = "Ada"
    book.save(path)


@pytest.mark.few(3)
@pytest.mark.parametrize(
    ("change", "line", "field"),
    [
        (lambda sheet: setattr(cell(sheet, "recording_id", 3), "value", 9.9e15), 3, "recording_id"),
        (lambda sheet: setattr(cell(sheet, "decision", 3), "value", "=A1"), 3, "decision"),
        (lambda sheet: setattr(cell(sheet, "recording_id", 3), "value", None), 3, "recording_id"),
        (lambda sheet: setattr(cell(sheet, "kind", 1), "value", "Art"), 1, "kind"),
        (lambda sheet: sheet.delete_cols(cell(sheet, "decision", 1).column), 1, "decision"),
    ],
)
def test_a_workbook_names_the_sheet(
    petrec: Petrec, clinic: Database, exported: Exported,
    change: Callable[[Any], None], line: int, field: str,
) -> None:  # fmt: skip
    mangle_sheet(exported("few.xlsx"), change)
    ended = petrec("review", "import", "few.xlsx", "--format", "json", dsn=clinic.dsn)
    (problem,) = json.loads(ended.out)["problems"]
    assert problem["place"] == {"file": "few.xlsx", "sheet": KIND, "line": line}
    assert problem["field"] == field


def test_a_workbook_without_cases(petrec: Petrec, clinic: Database, tmp_path: Path) -> None:
    openpyxl.Workbook().save(tmp_path / "cases.xlsx")
    (tmp_path / "broken.xlsx").write_bytes(b"PK nothing")
    ended = petrec(
        "review", "import", "cases.xlsx", "broken.xlsx", "--format", "json", dsn=clinic.dsn
    )
    problems = json.loads(ended.out)["problems"]
    assert [p["place"]["file"] for p in problems] == ["broken.xlsx", "cases.xlsx"]
