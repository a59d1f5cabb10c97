"""Whether a file is an export without decisions, which may be replaced."""

from collections.abc import Iterator
from pathlib import Path

from petrec.errors import UsageError
from petrec.features.review.read.table import Table, UnreadableFile, csv_tables
from petrec.features.review.read.xlsx_file import all_tables, reviewer_of
from petrec.features.review.rows import AUDIO, COLUMNS, FILLED
from petrec.phrases import Phrase, Phrased

_HINT = Phrased(Phrase.FORCE_KEEPS_BESIDE)
# The hidden words of a row's drop-down.
_WORD = "choice "


def refuse_filled(path: Path) -> None:
    """Refuse a file that may hold decisions or other work of a person; errors: UsageError.

    An empty file, and an export without any filled-in cell, may be replaced. A page is never
    replaced: its decisions are stored in browsers, and only this page shows them.
    """
    try:
        if not path.is_file():
            return
        work = _work_in(path) if path.stat().st_size else ""
    except OSError as error:
        work = f"cannot be read: {error.strerror}"
    if work:
        raise UsageError(f"{path} {work}", hint=_HINT)


def _work_in(path: Path) -> str:
    """Return why the file must not be replaced, or nothing."""
    suffix = path.suffix.lower()
    if suffix == ".html":
        return "already exists, and a browser may hold decisions made in it"
    try:
        if suffix == ".xlsx" and reviewer_of(path):
            return "already exists and has a reviewer's name"
        for table in all_tables(path) if suffix == ".xlsx" else csv_tables(path):
            for work in _work_of(table):
                return f"already exists and {work}"
    except UnreadableFile as error:
        return f"already exists and is not an export of petrec: {error.reason}"
    return ""


def _work_of(table: Table) -> Iterator[str]:
    if {c for c in table.header if not c.startswith(_WORD)} - {AUDIO} != set(COLUMNS):
        yield "has columns that an export does not have"
        return
    filled = [place for place, column in enumerate(table.header) if column in FILLED]
    for number, cells in table.lines:
        if any(cells[place].strip() for place in filled if place < len(cells)):
            yield f"has been filled in: line {number}"
        if any(cell.strip() for cell in cells[len(table.header) :]):
            yield f"has cells outside the table: line {number}"
