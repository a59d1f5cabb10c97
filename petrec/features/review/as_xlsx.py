"""Cases as a workbook: one sheet per kind, each decision a drop-down of its row's candidates."""

from collections.abc import Iterable, Sequence
from typing import BinaryIO

import xlsxwriter
from xlsxwriter.exceptions import FileCreateError
from xlsxwriter.format import Format
from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

from petrec.features.review.case import Case
from petrec.features.review.cases import MOST_CANDIDATES
from petrec.features.review.rows import (
    AUDIO,
    CANNOT_TELL,
    COLUMNS,
    FILLED,
    LEAVE,
    OTHER,
    choices_of,
    row_of,
)
from petrec.features.review.sheet import encode_text
from petrec.features.review.sheet_layout import (
    ASKED,
    FONT,
    row_height,
    set_columns,
    set_paper,
    set_printed,
    sheet_columns,
    write_instructions,
)
from petrec.rules import kind_by_id

# The program's limit is 1,048,576; what is beyond goes to a second sheet of the kind.
MOST_ROWS = 1_000_000
_MOST_WORDS = MOST_CANDIDATES + len((OTHER, CANNOT_TELL, LEAVE))
# The program's limits: links of a sheet, characters of a link.
_MOST_LINKS, _LONGEST_LINK = 65_000, 2_000
_OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "default_format_properties": FONT,
}


def write_workbook(cases: Iterable[Case], out: BinaryIO, columns: Sequence[str] = COLUMNS) -> int:
    """Write the workbook; memory does not grow with the cases. Returns their number.

    Errors: OSError.
    """
    file = _OpenFile(out)
    try:
        return _write(cases, file, sheet_columns(columns))
    except FileCreateError as error:
        # It holds the system's error, such as of a full disk.
        raise error.args[0] from error
    finally:
        file.out = None


class _OpenFile:
    """The file while it is written to; later writes are discarded.

    After an error XlsxWriter leaves its ZipFile unfinished. The ZipFile writes its last part when
    it is garbage-collected, and Python would print that the file is closed or the disk still full.
    """

    def __init__(self, out: BinaryIO) -> None:
        self.out: BinaryIO | None = out
        self.place = 0

    def write(self, data: bytes) -> int:
        """Write the bytes; return their number."""
        self.place += len(data)
        return self.out.write(data) if self.out else len(data)

    def seek(self, place: int) -> int:
        """Go to a place, counted from the beginning."""
        self.place = place
        return self.out.seek(place) if self.out else place

    def tell(self) -> int:
        """Return the place where the next byte is written."""
        return self.place

    def flush(self) -> None:
        """Write out what is buffered."""
        if self.out:
            self.out.flush()


def _write(cases: Iterable[Case], out: _OpenFile, columns: Sequence[str]) -> int:
    with xlsxwriter.Workbook(out, _OPTIONS) as workbook:
        workbook.set_properties({"title": "Recordings that need a person"})
        write_instructions(workbook)
        writer, count = None, 0
        for count, case in enumerate(cases, start=1):  # noqa: B007 - the count outlives the loop
            if writer is None or not writer.takes(case):
                if writer:
                    writer.close()
                number = writer.number + 1 if writer and writer.kind == case.kind else 1
                writer = _Sheet(workbook, case.kind, number, columns)
            writer.write(case)
        if writer:
            writer.close()
    return count


class _Sheet:
    """The sheet of one kind.

    The words of a row's drop-down are in hidden columns of the row itself, so that they stay with
    it when a person sorts the sheet, and one validation serves all rows.
    """

    def __init__(
        self, workbook: xlsxwriter.Workbook, kind: str, number: int, columns: Sequence[str]
    ) -> None:
        self.kind, self.number, self.rows = kind, number, 0
        self.columns, self.first_word = columns, len(columns)
        self.wrapped = workbook.add_format({"text_wrap": True, "valign": "top"})
        self.filled = workbook.add_format({"text_wrap": True, "valign": "top", **ASKED})
        self.linked = workbook.add_format(
            {"valign": "top", "font_color": "#0563C1", "underline": 1}
        )
        name = kind_by_id(kind).name
        self.sheet = workbook.add_worksheet(name if number == 1 else f"{name} {number}")
        self._lay_out(workbook)

    def takes(self, case: Case) -> bool:
        """Return whether a case belongs here and still fits."""
        return case.kind == self.kind and self.rows < MOST_ROWS

    def write(self, case: Case) -> None:
        """Add one row."""
        self.rows += 1
        choices = choices_of(case)
        words = [encode_text(word) for word in choices.words()]
        values = dict(zip(self.columns, row_of(case, choices, self.columns), strict=True))
        self.sheet.set_row(self.rows, row_height(values, words))
        for column, (name, value) in enumerate(values.items()):
            style = self.filled if name in FILLED else self.wrapped
            if name == AUDIO and len(value) <= _LONGEST_LINK and self.rows <= _MOST_LINKS:
                self._link(column, value)
            elif value or style is self.filled:
                self._text(column, encode_text(value), style)
        for place, word in enumerate(words):
            self._text(self.first_word + place, word, self.wrapped)
        # XlsxWriter keeps the height of each row, also when the row has been written.
        for heights in (self.sheet.row_info, self.sheet.row_sizes):
            heights.pop(self.rows - 1, None)

    def close(self) -> None:
        """Set what depends on the number of rows."""
        set_printed(self.sheet, self.columns, self.rows)

    def _link(self, column: int, address: str) -> None:
        if address:
            self.sheet.write_url(self.rows, column, address, self.linked, string="play")

    def _text(self, column: int, value: str, style: Format) -> None:
        if value:
            self.sheet.write_string(self.rows, column, value, style)
        else:
            self.sheet.write_blank(self.rows, column, None, style)

    def _lay_out(self, workbook: xlsxwriter.Workbook) -> None:
        sheet, first = self.sheet, self.first_word
        last = first + _MOST_WORDS - 1
        bold = workbook.add_format({"bold": True, "bg_color": "#E6EEF5", "bottom": 1})
        asked = workbook.add_format({"bold": True, "bg_color": "#FFE9A8", "bottom": 1})
        set_columns(sheet, self.columns, _MOST_WORDS)
        set_paper(sheet)
        for column, name in enumerate(self.columns):
            sheet.write_string(0, column, name, asked if name in FILLED else bold)
        for place in range(_MOST_WORDS):
            sheet.write_string(0, first + place, f"choice {place + 1}", bold)
        sheet.autofilter(0, 0, MOST_ROWS, last)
        _offer_words(sheet, self.columns.index("decision"), first, last)


def _offer_words(sheet: Worksheet, column: int, first_word: int, last: int) -> None:
    """Offer each row its own words, from the second row on."""
    first, end = xl_col_to_name(first_word, col_abs=True), xl_col_to_name(last, col_abs=True)
    words = f"OFFSET({first}2,0,0,1,COUNTA({first}2:{end}2))"
    sheet.data_validation(
        1, column, MOST_ROWS, column,
        {
            "validate": "list",
            "source": f"={words}",
            "error_title": "Not one of the choices",
            "error_message": "Choose from the list, or leave the cell empty.",
        },
    )  # fmt: skip
