"""CSV as petrec, Excel and LibreOffice write it: any of three separators, UTF-8 or UTF-16.

A line is numbered as a spreadsheet numbers it, however many line breaks its cells hold.
"""

import codecs
import csv
import io
from collections.abc import Iterator
from pathlib import Path

from petrec.render.cells import decode_cell
from petrec.results.imported import Place
from petrec.review.read.entry import Reading
from petrec.review.read.row import missing_columns, read_row

_SEPARATORS = (",", ";", "\t")
# A damaged quote can make one cell of a whole file; memory is the only limit worth having.
_LONGEST_FIELD = 2**31 - 1


def read(path: Path, reading: Reading) -> None:
    """Read one file."""
    place = Place(str(path))
    try:
        text = decoded(path.read_bytes())
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        reason = "this is neither UTF-8 nor UTF-16; save it as 'CSV UTF-8'"
        reading.refuse(Place(str(path), line=line), "", reason)
        return
    if not text.strip():
        reading.refuse(place, "", "the file is empty")
        return
    first = _first_line(text)
    if not missing_columns(first):
        _read_rows(path, text, reading)
        return
    known = missing_columns(first)
    reason = f"the header lacks {', '.join(known)}"
    reading.refuse(Place(str(path), line=1), known[0], reason)


def decoded(content: bytes) -> str:
    """Decode by the byte order mark, else as UTF-8; errors: UnicodeDecodeError."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16")
    # A program that does not know the mark may have kept it as a character and put another before.
    return content.decode("utf-8").lstrip("\ufeff")


def _separator(text: str) -> str:
    """Choose the separator by which the header has most columns."""
    line = text.partition("\n")[0]
    return max(_SEPARATORS, key=line.count)


def _first_line(text: str) -> list[str]:
    header = next(csv.reader(io.StringIO(text, newline=""), delimiter=_separator(text)), [])
    return [decode_cell(cell.strip()) for cell in header]


def _read_rows(path: Path, text: str, reading: Reading) -> None:
    csv.field_size_limit(_LONGEST_FIELD)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=_separator(text), strict=True)
    header = [decode_cell(cell.strip()) for cell in next(lines)]
    for number, cells in enumerate(_until_broken(lines, path, reading), start=2):
        place = Place(str(path), line=number)
        row = dict(zip(header, map(decode_cell, cells), strict=False))
        if cells and len(cells) != len(header):
            reason = f"the line has {len(cells)} cells, the header {len(header)}"
            reading.refuse(place, header[min(len(cells), len(header) - 1)], reason)
        elif cells:
            read_row(reading, place, row)


def _until_broken(lines: Iterator[list[str]], path: Path, reading: Reading) -> Iterator[list[str]]:
    """Go through the lines as far as they can be read."""
    number = 1
    while True:
        number += 1
        try:
            yield next(lines)
        except StopIteration:
            return
        except csv.Error as error:
            reason = f"the line cannot be read: {error}"
            reading.refuse(Place(str(path), line=number), "", reason)
            return
