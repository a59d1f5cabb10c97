"""CSV as petrec, Excel and LibreOffice write it: any of three separators, UTF-8 or UTF-16.

A line is numbered as a spreadsheet numbers it, however many line breaks its cells hold.
"""

import codecs
import csv
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from petrec.documents.safe_text import decode_cell

Line = tuple[int, Sequence[str]]
_SEPARATORS = (",", ";", "\t")
# A damaged quote can turn a whole file into one cell; the only limit is memory.
_LONGEST_FIELD = 2**31 - 1
_READ_AT_ONCE = 2**20


class UnreadableCsvError(Exception):
    """A file, or its rest from a line on, that cannot be read; the line is 0 for the whole file."""

    def __init__(self, line: int, reason: str) -> None:
        self.line = line
        self.reason = reason
        super().__init__(reason)


@dataclass(frozen=True)
class CsvTable:
    """The first line that is not empty, its number, and the lines below, which are read once."""

    header_line: int
    header: Sequence[str]
    lines: Iterator[Line]


def read_csv(path: Path, columns: Collection[str]) -> CsvTable:
    """Return the table of a file, whose separator is the one that yields most of the columns.

    Errors: UnreadableCsvError, also while the lines are read.
    """
    encoding = _encoding(path)

    def known(separator: str) -> int:
        try:
            return len({*columns} & {*_header(_lines(path, encoding, separator))[1]})
        except UnreadableCsvError:
            return 0

    lines = _lines(path, encoding, max(_SEPARATORS, key=known))
    number, header = _header(lines)
    if not header:
        raise UnreadableCsvError(0, "the file is empty")
    return CsvTable(number, header, lines)


def _encoding(path: Path) -> str:
    """Return the encoding of a file that can be decoded; errors: UnreadableCsvError."""
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
            raise UnreadableCsvError(line, reason) from error
    return encoding


def _header(lines: Iterator[Line]) -> tuple[int, list[str]]:
    """Return the first line that is not empty; no cells if all are empty."""
    for number, cells in lines:
        if any(cell.strip() for cell in cells):
            return number, [cell.strip() for cell in cells]
    return 0, []


def _lines(path: Path, encoding: str, separator: str) -> Iterator[Line]:
    csv.field_size_limit(_LONGEST_FIELD)
    number = 0
    try:
        with path.open(encoding=encoding, newline="") as file:
            lines = csv.reader(_unmarked(file), delimiter=separator, strict=True)
            for number, cells in enumerate(lines, start=1):
                yield number, [decode_cell(cell) for cell in cells]
    except csv.Error as error:
        raise UnreadableCsvError(number + 1, f"the line cannot be read: {error}") from error


def _unmarked(file: Iterator[str]) -> Iterator[str]:
    """Yield the lines without byte order marks: a program may have put another before the first."""
    yield next(file, "").lstrip("\ufeff")
    yield from file
