"""CSV as petrec, Excel and LibreOffice write it: any of three separators, UTF-8 or UTF-16.

A line is numbered as a spreadsheet numbers it, however many line breaks its cells hold.
"""

import codecs
import csv
from collections.abc import Iterator
from pathlib import Path

from petrec.documents.safe_text import decode_cell
from petrec.features.review.imported import SourceLine
from petrec.features.review.read.table import Line, Table, UnreadableFile
from petrec.features.review.rows import COLUMNS

_SEPARATORS = (",", ";", "\t")
# A damaged quote can turn a whole file into one cell; the only limit is memory.
_LONGEST_FIELD = 2**31 - 1
_READ_AT_ONCE = 2**20


def tables(path: Path) -> Iterator[Table]:
    """Yield the one table of a file; errors: Unreadable."""
    place = SourceLine(str(path))
    encoding = _encoding(path)
    separator = max(_SEPARATORS, key=lambda each: _known_columns(_lines(path, encoding, each)))
    lines = _lines(path, encoding, separator)
    number, header = _header(lines)
    if not header:
        raise UnreadableFile(place, "the file is empty")
    yield Table(place, header, number, lines)


def _encoding(path: Path) -> str:
    """Return the encoding of a file that can be decoded; errors: UnreadableFile."""
    with path.open("rb") as file:
        start, number = file.read(2), 0
        utf16 = start in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE}
        encoding = "utf-16" if utf16 else "utf-8"
        decoder = codecs.getincrementaldecoder(encoding)()
        content = start
        try:
            while content:
                decoder.decode(content)
                number += content.count(b"\n")
                content = file.read(_READ_AT_ONCE)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError as error:
            line = number + error.object[: error.start].count(b"\n") + 1
            reason = "the file is neither UTF-8 nor UTF-16; save it as 'CSV UTF-8'"
            raise UnreadableFile(SourceLine(str(path), line=line), reason) from error
    return encoding


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


def _lines(path: Path, encoding: str, separator: str) -> Iterator[Line]:
    csv.field_size_limit(_LONGEST_FIELD)
    number = 0
    try:
        with path.open(encoding=encoding, newline="") as file:
            lines = csv.reader(_unmarked(file), delimiter=separator, strict=True)
            for number, cells in enumerate(lines, start=1):
                yield number, [decode_cell(cell) for cell in cells]
    except csv.Error as error:
        reason = f"the line cannot be read: {error}"
        raise UnreadableFile(SourceLine(str(path), line=number + 1), reason) from error


def _unmarked(file: Iterator[str]) -> Iterator[str]:
    """Yield the lines without byte order marks: a program may have put another before the first."""
    yield next(file, "").lstrip("\ufeff")
    yield from file
