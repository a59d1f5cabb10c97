"""A table of decisions, in any kind of file: a header, and lines of cells below it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from petrec.documents.read_csv import Line, UnreadableCsvError, read_csv
from petrec.features.review.imported import SourceLine
from petrec.features.review.read.entry import Reading
from petrec.features.review.read.row import missing_columns, read_row
from petrec.features.review.rows import COLUMNS


class UnreadableFile(Exception):  # noqa: N818 - what a file is, rather than what happened
    """A file, or its rest, that cannot be read: the place and the reason."""

    def __init__(self, place: SourceLine, reason: str) -> None:
        self.place = place
        self.reason = reason
        super().__init__(reason)


@dataclass(frozen=True)
class Table:
    """Cells as texts; `lines` are read once, each with the number that a spreadsheet gives it.

    A line may have fewer cells than the header: empty ones at the end are often not written.
    """

    place: SourceLine
    header: Sequence[str]
    header_line: int
    lines: Iterator[Line]

    def at(self, line: int) -> SourceLine:
        """Return the place of a line."""
        return msgspec.structs.replace(self.place, line=line)


def csv_tables(path: Path) -> Iterator[Table]:
    """Yield the one table of a CSV file; errors: UnreadableFile."""
    with _placed(path):
        found = read_csv(path, COLUMNS)
    yield Table(SourceLine(str(path)), found.header, found.header_line, _lines(path, found.lines))


def _lines(path: Path, lines: Iterator[Line]) -> Iterator[Line]:
    with _placed(path):
        yield from lines


@contextmanager
def _placed(path: Path) -> Iterator[None]:
    """Name the file where a line of it cannot be read."""
    try:
        yield
    except UnreadableCsvError as error:
        raise UnreadableFile(SourceLine(str(path), line=error.line), error.reason) from error


def read_table(reading: Reading, table: Table) -> None:
    """Add the decisions of a table, and the problems of its lines."""
    header = table.header
    lacking = missing_columns(header)
    twice = [column for column in COLUMNS if list(header).count(column) > 1]
    for columns, reason in (
        (lacking, "the header lacks these columns:"),
        (twice, "the header has these columns twice:"),
    ):
        if columns:
            problem = f"{reason} {', '.join(columns)}"
            reading.refuse(table.at(table.header_line), columns[0], problem)
    if not lacking and not twice:
        for number, cells in table.lines:
            _read_line(reading, table.at(number), header, cells)


def _read_line(
    reading: Reading, place: SourceLine, header: Sequence[str], cells: Sequence[str]
) -> None:
    row = {column: cell for column, cell in zip(header, cells, strict=False) if column in COLUMNS}
    if any(cell.strip() for cell in cells[len(header) :]):
        reason = f"the line has {len(cells)} cells, the header {len(header)}"
        reading.refuse(place, header[-1], reason, row)
    else:
        read_row(reading, place, row)
