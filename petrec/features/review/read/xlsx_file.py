"""Workbooks as petrec writes them and Excel or LibreOffice save them again."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from pathlib import Path

from petrec.documents.read_csv import Line
from petrec.features.review.imported import SourceLine
from petrec.features.review.read.table import Table, UnreadableFile
from petrec.features.review.read.workbook import Damaged, Workbook
from petrec.features.review.rows import REQUIRED
from petrec.features.review.sheet import FIRST_SHEET, REVIEWER, decode_text


def tables(path: Path) -> Iterator[Table]:
    """Yield the sheets that have any of petrec's columns; errors: Unreadable."""
    found = False
    for table in all_tables(path):
        if set(REQUIRED) & set(table.header):
            found = True
            yield replace(table, lines=_within(table))
    if not found:
        raise UnreadableFile(SourceLine(str(path)), "no sheet has any cases")


def _within(table: Table) -> Iterator[Line]:
    """Yield the cells under the header: a cell beside the table is ignored."""
    for number, cells in table.lines:
        yield number, cells[: len(table.header)]


def all_tables(path: Path) -> Iterator[Table]:
    """Yield every sheet but the first, also those that a person has added; errors: Unreadable."""
    try:
        with Workbook(path) as workbook:
            for name in workbook.sheet_names:
                if name != FIRST_SHEET:
                    yield _table(workbook, SourceLine(str(path), name))
    except Damaged as error:
        raise UnreadableFile(SourceLine(str(path)), f"not a valid .xlsx file: {error}") from error


def reviewer_of(path: Path) -> str:
    """Return the name on the first sheet; errors: Unreadable."""
    try:
        with Workbook(path) as workbook:
            if FIRST_SHEET not in workbook.sheet_names:
                return ""
            for _, cells in _lines(workbook, FIRST_SHEET):
                if len(cells) > 1 and cells[0] == REVIEWER:
                    return cells[1].strip()
    except Damaged as error:
        raise UnreadableFile(SourceLine(str(path)), f"not a valid .xlsx file: {error}") from error
    return ""


def _table(workbook: Workbook, place: SourceLine) -> Table:
    lines = _lines(workbook, place.sheet)
    number, cells = next(lines, (1, []))
    if number > 1:
        # The header is the first line of the sheet, or there is none.
        lines, number, cells = chain([(number, cells)], lines), 1, []
    return Table(place, [cell.strip() for cell in cells], number, lines)


def _lines(workbook: Workbook, name: str) -> Iterator[Line]:
    for number, cells in workbook.rows(name):
        yield number, [decode_text(cell) for cell in cells]
