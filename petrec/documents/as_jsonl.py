"""One JSON object per row of every grid, each naming its grid."""

from collections.abc import Iterable
from typing import TextIO

import msgspec

from petrec.documents.document import Document


def write(document: Document, out: TextIO) -> None:
    """Write one line per remark and row."""
    for remark in document.remarks:
        remarked = {"command": document.command, "grid": "remarks", "remark": remark}
        out.write(msgspec.json.encode(remarked).decode() + "\n")
    for grid in document.grids:
        for row in grid.rows:
            cells = dict(zip(grid.columns, row, strict=True))
            line = {"command": document.command, "grid": grid.title, **cells}
            out.write(msgspec.json.encode(line).decode() + "\n")


def write_lines(lines: Iterable[str], out: TextIO) -> int:
    """Stream lines that are JSON already; returns their number."""
    count = 0
    for count, line in enumerate(lines, start=1):  # noqa: B007 - the count outlives the loop
        out.write(line + "\n")
    return count
