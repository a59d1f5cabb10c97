"""CSV as petrec, Excel and LibreOffice write it: any of three separators, UTF-8 or UTF-16.

A line is numbered as a spreadsheet numbers it, however many line breaks its cells hold.
"""

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

from petrec.files import decode_text
from petrec.render.cells import decode_cell
from petrec.results.imported import Place
from petrec.review.read.table import Line, Table, Unreadable

_SEPARATORS = (",", ";", "\t")
# A damaged quote can make one cell of a whole file; memory is the only limit worth having.
_LONGEST_FIELD = 2**31 - 1


def tables(path: Path) -> Iterator[Table]:
    """Yield the one table of a file; errors: Unreadable."""
    place = Place(str(path))
    text = _text(path)
    lines = _lines(text, place)
    for number, cells in lines:
        if any(cell.strip() for cell in cells):
            yield Table(place, [cell.strip() for cell in cells], number, lines)
            return
    raise Unreadable(place, "the file is empty")


def _text(path: Path) -> str:
    content = path.read_bytes()
    try:
        return decode_text(content)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        reason = "neither UTF-8 nor UTF-16; save the file as 'CSV UTF-8'"
        raise Unreadable(Place(str(path), line=line), reason) from error


def _separator(text: str) -> str:
    """Choose the separator by which the header has most columns."""
    header = re.split("[\r\n]", text.lstrip(), maxsplit=1)[0]
    return max(_SEPARATORS, key=header.count)


def _lines(text: str, place: Place) -> Iterator[Line]:
    csv.field_size_limit(_LONGEST_FIELD)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=_separator(text), strict=True)
    number = 0
    try:
        for number, cells in enumerate(lines, start=1):
            yield number, [decode_cell(cell) for cell in cells]
    except csv.Error as error:
        reason = f"the line cannot be read: {error}"
        raise Unreadable(Place(place.file, line=number + 1), reason) from error
