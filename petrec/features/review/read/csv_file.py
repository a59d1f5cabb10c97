"""CSV as petrec, Excel and LibreOffice write it: any of three separators, UTF-8 or UTF-16.

A line is numbered as a spreadsheet numbers it, however many line breaks its cells hold.
"""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from petrec.documents.safe_text import decode_cell
from petrec.features.review.imported import SourceLine
from petrec.features.review.read.table import Line, Table, UnreadableFile
from petrec.features.review.rows import COLUMNS
from petrec.files import decode_text

_SEPARATORS = (",", ";", "\t")
# A damaged quote can turn a whole file into one cell; the only limit is memory.
_LONGEST_FIELD = 2**31 - 1


def tables(path: Path) -> Iterator[Table]:
    """Yield the one table of a file; errors: Unreadable."""
    place = SourceLine(str(path))
    text = _text(path)
    separator = max(_SEPARATORS, key=lambda each: _known_columns(_lines(text, place, each)))
    lines = _lines(text, place, separator)
    number, header = _header(lines)
    if not header:
        raise UnreadableFile(place, "the file is empty")
    yield Table(place, header, number, lines)


def _text(path: Path) -> str:
    content = path.read_bytes()
    try:
        return decode_text(content)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        reason = "the file is neither UTF-8 nor UTF-16; save it as 'CSV UTF-8'"
        raise UnreadableFile(SourceLine(str(path), line=line), reason) from error


def _header(lines: Iterator[Line]) -> tuple[int, list[str]]:
    """Return the first line that is not empty; no cells if all are empty."""
    for number, cells in lines:
        if any(cell.strip() for cell in cells):
            return number, [cell.strip() for cell in cells]
    return 0, []


def _known_columns(lines: Iterator[Line]) -> int:
    try:
        return len({*COLUMNS} & {*_header(lines)[1]})
    except UnreadableFile:
        return 0


def _lines(text: str, place: SourceLine, separator: str) -> Iterator[Line]:
    csv.field_size_limit(_LONGEST_FIELD)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    number = 0
    try:
        for number, cells in enumerate(lines, start=1):
            yield number, [decode_cell(cell) for cell in cells]
    except csv.Error as error:
        reason = f"the line cannot be read: {error}"
        raise UnreadableFile(SourceLine(place.file, line=number + 1), reason) from error
