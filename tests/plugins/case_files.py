"""Review files as a person reads and fills them."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.plugins.databases import Database

Row = dict[str, str]
Decide = Callable[[Row], dict[str, str]]
FIRST = {"decision": "1", "reviewer": "Ada"}


def read_csv(path: Path) -> list[Row]:
    """Return the rows of an exported CSV."""
    return list(csv.DictReader(io.StringIO(path.read_text("utf-8-sig"), newline="")))


def write_csv(path: Path, rows: list[Row]) -> Path:
    """Write rows as a spreadsheet would."""
    with path.open("w", encoding="utf-8-sig", newline="") as out:
        writer = csv.DictWriter(out, list(rows[0]), lineterminator="\r\n")
        writer.writeheader()
        writer.writerows(rows)
    return path


def candidates(row: Row) -> list[list[str]]:
    """Return label, verdict, pet and appointment of each candidate."""
    return list(json.loads(row["choices"])[0])


def decide(path: Path, decision: Decide = lambda _: FIRST) -> Path:
    """Fill every row of an exported CSV in."""
    return write_csv(path, [row | decision(row) for row in read_csv(path)])


def rows(change: Callable[[list[Row], Database], Any]) -> Callable[[Path, Database], None]:
    def mangle(path: Path, clinic: Database) -> None:
        found = read_csv(path)
        change(found, clinic)
        write_csv(path, found)

    return mangle


def text(change: Callable[[str], str | bytes]) -> Callable[[Path, Database], None]:
    def mangle(path: Path, _: Database) -> None:
        changed = change(path.read_bytes().decode("utf-8-sig"))
        path.write_bytes(changed if isinstance(changed, bytes) else changed.encode())

    return mangle


def write_lines(path: Path, lines: list[list[str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as out:
        csv.writer(out).writerows(lines)
