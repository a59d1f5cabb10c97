"""How a sheet of cases looks: the order and width of its columns, the heights of its rows, paper.

Names come before ids, and the decision is beside the candidates. The first columns stay in view
and take less than half of a screen of 1366 pixels; the columns up to `LAST_PRINTED` are printed.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain

from xlsxwriter import Workbook
from xlsxwriter.utility import xl_pixel_width
from xlsxwriter.worksheet import Worksheet

from petrec.features.review.rows import AUDIO
from petrec.features.review.sheet import FIRST_SHEET, LINES, REVIEWER

# In characters. Arial is as wide in LibreOffice, whose Liberation Sans has its measures.
_WIDTHS = {
    "created_at": 16, "owner": 16, "pet": 12, "decision": 30, "candidates": 46, "suggestions": 34,
    "note": 20, "other_pet_id": 18, "transcript_text": 50, "reviewer": 16, "notes": 30,
    "original_filename": 28, "recording_id": 38, "pet_id": 38, "appointment_id": 38,
    "audio": 8,
}  # fmt: skip
_USUAL_WIDTH = 18
LAST_FROZEN, LAST_PRINTED = "decision", "transcript_text"
HIDDEN = frozenset({"kind", "state", "choices"})
# A cell that a person fills in: text, since a spreadsheet would round an id typed as a number.
ASKED = {"bg_color": "#FFF8DC", "border": 4, "num_format": "@"}
FONT = {"font_name": "Arial", "font_size": 10}
_FIRST = ("created_at", "owner", "pet", "decision", "candidates", "suggestions", "audio", "note",
          "other_pet_id", "transcript_text", "reviewer")  # fmt: skip
_IDS = ("recording_id", "pet_id", "appointment_id")
_LAST = (*_IDS, *sorted(HIDDEN))
_LINE, _HIGHEST = 13.5, 405.0
# A line breaks between words, and LibreOffice sets some letters wider than Excel.
_PIXELS, _MARGIN = 7, 1.08
_A4 = 9


def sheet_columns(columns: Sequence[str]) -> tuple[str, ...]:
    """Return the columns of a file in the order of a sheet."""
    first = [name for name in _FIRST if name in columns]
    return (*first, *(c for c in columns if c not in {*_FIRST, *_LAST}), *_LAST)


def row_height(values: Mapping[str, str], words: Iterable[str]) -> float:
    """Return the height in points at which a row shows its cells, and any of its decisions."""
    unseen = {*HIDDEN, AUDIO}
    shown = [(text, _width(name)) for name, text in values.items() if name not in unseen]
    return _height(chain(shown, ((word, _width("decision")) for word in words)))


def _width(column: str) -> int:
    return _WIDTHS.get(column, _USUAL_WIDTH)


def _height(cells: Iterable[tuple[str, int]]) -> float:
    """Return the height for texts in columns of these widths, or the most that a row can have."""
    lines = max(_lines(text, width) for text, width in cells)
    return min(lines * _LINE + 2, _HIGHEST)


def _lines(text: str, width: int) -> int:
    """Return how many lines a text takes."""
    return sum(_wrapped(line, width * _PIXELS) for line in text.split("\n"))


def _wrapped(line: str, room: int) -> int:
    """Return the lines of a text without line breaks; a word that is too long is broken."""
    lines, used = 1, 0.0
    for word in line.split(" "):
        wide = xl_pixel_width(word) * _MARGIN
        if used and used + wide > room:
            lines, used = lines + 1, 0.0
        if wide > room:
            lines += int(wide // room)
            wide %= room
        used += wide + xl_pixel_width(" ")
    return lines


def set_columns(sheet: Worksheet, columns: Sequence[str], words: int) -> None:
    """Set the widths; the words of the drop-downs, in as many columns, are hidden."""
    for place, name in enumerate(columns):
        options = {"hidden": True} if name in HIDDEN else {}
        sheet.set_column(place, place, _width(name), None, options)
    first = len(columns)
    sheet.set_column(first, first + words - 1, _USUAL_WIDTH, None, {"hidden": True})
    sheet.freeze_panes(1, columns.index(LAST_FROZEN) + 1)


def set_paper(sheet: Worksheet) -> None:
    """Print landscape, as wide as the paper, with the header and a number on each page."""
    sheet.set_landscape()
    sheet.set_paper(_A4)
    sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
    sheet.fit_to_pages(1, 0)
    sheet.hide_gridlines(0)  # 0 shows the lines and prints them.
    sheet.set_footer("&L&A&C&F&RPage &P of &N")


def set_printed(sheet: Worksheet, columns: Sequence[str], rows: int) -> None:
    """Repeat the header on each page, and leave out what only petrec needs."""
    sheet.repeat_rows(0)
    sheet.print_area(0, 0, rows, columns.index(LAST_PRINTED))


def write_instructions(workbook: Workbook) -> None:
    """Write the first sheet, with a cell for the reviewer's name."""
    sheet = workbook.add_worksheet(FIRST_SHEET)
    wrapped = workbook.add_format({"text_wrap": True, "valign": "top"})
    filled = workbook.add_format(ASKED)
    widths = (18, 90)
    for column, width in enumerate(widths):
        sheet.set_column(column, column, width)
    set_paper(sheet)
    sheet.write_string(0, 0, REVIEWER, workbook.add_format({"bold": True}))
    sheet.write_blank(0, 1, None, filled)
    for row, line in enumerate(LINES.items(), start=2):
        sheet.set_row(row, _height(zip(line, widths, strict=True)))
        for column, text in enumerate(line):
            sheet.write_string(row, column, text, wrapped)
