"""The first grid as CSV with safe cells."""

import csv
from collections.abc import Iterable
from typing import TextIO

from petrec.documents.document import Cell, Document
from petrec.documents.safe_text import encode_cell

BOM = "\ufeff"


def write(document: Document, out: TextIO) -> None:
    """Write header and rows."""
    write_rows(document.grids[0].columns, document.grids[0].rows, out)


def write_rows(
    columns: Iterable[str], rows: Iterable[tuple[Cell, ...]], out: TextIO, *, bom: bool = False
) -> int:
    """Stream rows as CSV; `bom` tells Excel that it is UTF-8. Returns the number of rows."""
    out.write(BOM if bom else "")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(encode_cell(column) for column in columns)
    count = 0
    for count, row in enumerate(rows, start=1):  # noqa: B007 - the count outlives the loop
        writer.writerow([_safe(cell) for cell in row])
    return count


def _safe(cell: Cell) -> Cell:
    return encode_cell(cell) if isinstance(cell, str) else cell
