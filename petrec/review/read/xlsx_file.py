"""Workbooks as petrec writes them and Excel or LibreOffice save them again."""

import datetime
from pathlib import Path

import msgspec
from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook

from petrec.results.imported import Place
from petrec.review.instructions import FIRST_SHEET, REVIEWER
from petrec.review.read.entry import Reading
from petrec.review.read.row import missing_columns, read_row
from petrec.review.rows import COLUMNS, REQUIRED
from petrec.review.sheet_text import decode_text

Cell = (
    int
    | float
    | str
    | bool
    | datetime.time
    | datetime.date
    | datetime.datetime
    | datetime.timedelta
)
_EXACT = 2**53


def read(path: Path, reading: Reading) -> None:
    """Read every sheet that has cases."""
    try:
        workbook = CalamineWorkbook.from_path(str(path))
    except (CalamineError, OSError) as error:
        reading.refuse(Place(str(path)), "", f"this is no workbook: {error}")
        return
    names = workbook.sheet_names
    mine = Reading(reading.reviewer)
    if FIRST_SHEET in names:
        mine.reviewer = _reviewer(workbook.get_sheet_by_name(FIRST_SHEET)) or reading.reviewer
    found = [
        _read_sheet(workbook.get_sheet_by_name(name), Place(str(path), name), mine)
        for name in names
        if name != FIRST_SHEET
    ]
    if not any(found) and not mine.problems:
        mine.refuse(Place(str(path)), "", "no sheet has cases")
    reading.entries += mine.entries
    reading.problems += mine.problems
    reading.rows |= mine.rows
    reading.undecided += mine.undecided


def _reviewer(sheet: CalamineSheet) -> str:
    rows = _rows(sheet)
    found = [_text(row[1]) for row in rows if len(row) > 1 and _text(row[0]) == REVIEWER]
    return found[0].strip() if found else ""


def _rows(sheet: CalamineSheet) -> list[list[Cell]]:
    return sheet.to_python(skip_empty_area=False)


def _read_sheet(sheet: CalamineSheet, place: Place, reading: Reading) -> bool:
    """Read a sheet; a sheet of a person's own, without any of petrec's columns, is passed over."""
    rows = _rows(sheet)
    header = [_text(cell).strip() for cell in rows[0]] if rows else []
    if not set(REQUIRED) & set(header):
        return False
    if missing := missing_columns(header):
        reason = f"the header lacks {', '.join(missing)}"
        reading.refuse(msgspec.structs.replace(place, line=1), missing[0], reason)
        return True
    for line, cells in enumerate(rows[1:], start=2):
        row = dict(zip(header, map(_text, cells), strict=False))
        shown = {column: row.get(column, "") for column in COLUMNS}
        read_row(reading, msgspec.structs.replace(place, line=line), shown)
    return True


def _text(cell: Cell) -> str:
    """Return a cell's text; a number is an id only as long as a spreadsheet keeps it exactly."""
    if isinstance(cell, str):
        return decode_text(cell)
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < _EXACT else f"{cell:E}"
    return str(cell)
