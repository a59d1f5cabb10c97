"""Review files as a person reads and fills them."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import openpyxl

from petrec.features.review.case import Decision, Verdict
from tests.plugins.command import Petrec
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


def decide_some(path: Path, most: int = 80) -> Path:
    """Fill the first rows of an exported CSV in, and leave out the others."""
    return decide(write_csv(path, read_csv(path)[:most]))


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


def write_decisions(petrec: Petrec, twin: Database, path: Path, chosen: list[Decision]) -> None:
    """Write the same decisions as a person does in a file of this sort."""
    if path.suffix == ".json":
        path.write_text(json.dumps({"petrec_review": 1, "decisions": msgspec.to_builtins(chosen)}))
        return
    exported = petrec("review", "export", str(path), "-q", dsn=twin.dsn)
    assert exported.code == 0, exported.err
    decisions = {one.recording_id: one for one in chosen}
    if path.suffix == ".csv":
        rows = [row | _cells(row, decisions.get(row["recording_id"])) for row in read_csv(path)]
        write_csv(path, rows)
        return
    book = openpyxl.load_workbook(path)
    for sheet in book.worksheets[1:]:
        header = [str(cell.value) for cell in sheet[1]]
        for number, cells in enumerate(sheet.iter_rows(min_row=2, values_only=True), start=2):
            row = dict(zip(header, map(str, cells), strict=True))
            for name, value in _cells(row, decisions.get(row["recording_id"])).items():
                sheet.cell(number, header.index(name) + 1).value = value
    book.save(path)


def _cells(row: Row, decision: Decision | None) -> Row:
    """Return what a person types into a row."""
    if decision is None:
        return {}
    typed = {"reviewer": decision.reviewer, "note": decision.note}
    if decision.verdict in {Verdict.LEAVE, Verdict.CANNOT_TELL}:
        return typed | {"decision": decision.verdict.replace("_", " ")}
    wanted = [decision.verdict, decision.pet_id, decision.appointment_id]
    return typed | {"decision": next(c[0] for c in candidates(row) if c[1:] == wanted)}
