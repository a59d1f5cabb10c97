"""CSV files: their one form, RFC 4180 in UTF-8, their headers, and what is wrong with a line.

Nothing of the form is guessed: a file of another is refused, with its line.
"""

import csv
import re
from collections.abc import Iterable
from pathlib import Path

from petrec.errors import EngineFailedError, PetrecError, SchemaMismatchError

# All of DuckDB's settings of the form: it would guess any that is missing.
FORM = {
    "auto_detect": False,
    "header": True,
    "sep": ",",
    "quotechar": '"',
    "escapechar": '"',
    "strict_mode": True,
    "null_padding": False,
    "encoding": "utf-8",
}
_HINT = "petrec reads CSV of UTF-8 with a header, commas between fields, and quotes doubled in them"
_OTHER_MARKS = re.compile(r"[;\t|]")
_LINE = re.compile(r"CSV Error on Line: (\d+)")
_FILE = re.compile(r"^  file = (.+)$", re.MULTILINE)
_FIELDS = re.compile(r"Expected Number of Columns: (\d+) Found: (\d+)")
_SAID = {
    "unterminated quote": "a quote is not closed, or text follows one",
    "not utf-8 encoded": "it is not UTF-8",
    "Maximum line size": "it is longer than 2 MB",
    "invalid state": "its quotes or the ends of its lines are of several forms",
}


def header_of(path: Path) -> tuple[str, ...]:
    """Return the columns of a file, by its first line; errors: SchemaMismatchError."""
    try:
        # Of the lines after the first, the engine says which is not UTF-8.
        with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            return header_in(str(path), file)
    except OSError as error:
        raise SchemaMismatchError(f"cannot read {path}: {error.strerror}") from error


def header_in(path: str, lines: Iterable[str]) -> tuple[str, ...]:
    """Return the columns that the first line names; errors: SchemaMismatchError."""
    try:
        names = next(csv.reader(lines, strict=True), [])
    except csv.Error as error:
        raise SchemaMismatchError(f"{path}, line 1: {error}", hint=_HINT) from error
    if fault := _header_fault(names):
        raise SchemaMismatchError(f"{path}, line 1: {fault}", hint=_HINT)
    return tuple(names)


def _header_fault(names: list[str]) -> str:
    if not names:
        return "the file has no header"
    if len(names) == 1 and (mark := _OTHER_MARKS.search(names[0])):
        return f"the header is one field with {mark[0]!r} in it"
    if not "".join(names).isprintable():
        return "it is not UTF-8, or has control characters"
    if twice := [name for name in names if names.count(name) > 1]:
        return f"column {twice[0]!r} is there twice"
    return ""


def csv_error(said: str) -> PetrecError | None:
    """Return what DuckDB says of a line as petrec's error, without the line's content."""
    file = _FILE.search(said)
    if file is None:
        return None
    line = _LINE.search(said)
    place = f"{file[1]}, line {line[1]}" if line else file[1]
    return EngineFailedError(f"{place}: {_fault(said)}", hint=_HINT)


def _fault(said: str) -> str:
    if fields := _FIELDS.search(said):
        return f"the header has {fields[1]} fields, the line {fields[2]}"
    return next((fault for sign, fault in _SAID.items() if sign in said), "it cannot be read")
