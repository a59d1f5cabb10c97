"""Review files as a person reads and fills them."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

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
