"""What spreadsheets and programs do to a file without harm decides the same."""

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from petrec.features.review.case import Decision
from petrec.features.review.checked import Checked
from petrec.features.review.read import read_files
from tests.plugins.case_files import candidates, rows, text, write_lines
from tests.plugins.databases import Database

HARMLESS = {
    "no_bom": text(lambda t: t),
    "semicolons": text(lambda t: _separated(t, ";").encode("utf-8-sig")),
    "tabs_and_utf16": text(lambda t: _separated(t, "\t").encode("utf-16")),
    "line_feeds": text(lambda t: t.replace("\r\n", "\n")),
    "column_moved": rows(lambda found, _: found.__setitem__(
        slice(None), [dict(reversed(row.items())) for row in found])),
    "column_added": rows(lambda found, _: [row.update({"mine": "x"}) for row in found]),
    "rows_deleted": rows(lambda found, _: found.__delitem__(slice(5, None))),
    "sorted": rows(lambda found, _: found.sort(key=lambda row: row["state"])),
    "labels": rows(lambda found, _: [row.update(decision=candidates(row)[0][0]) for row in found]),
    "names": rows(lambda found, _: [
        row.update(decision=candidates(row)[0][0].partition(". ")[2].partition(" (")[0])
        for row in found]),
    "floats": rows(lambda found, _: [row.update(decision="1.0") for row in found]),
    "capitals": rows(lambda found, _: [
        row.update(recording_id=row["recording_id"].upper()) for row in found]),
}  # fmt: skip


def _separated(content: str, delimiter: str) -> str:
    out = io.StringIO(newline="")
    parsed = csv.reader(io.StringIO(content, newline=""))
    csv.writer(out, delimiter=delimiter, lineterminator="\r\n").writerows(parsed)
    return out.getvalue()


@pytest.mark.few(4)
@pytest.mark.parametrize("name", HARMLESS)
def test_what_spreadsheets_do_is_understood(
    inspect_file: Callable[[Path], Checked], shared_clinic: Database, decided: Path, name: str
) -> None:
    HARMLESS[name](decided, shared_clinic)
    checked = inspect_file(decided)
    assert checked.problems == []
    assert checked.verdicts == {"assign": 5 if name == "rows_deleted" else 160}


def without_trailing_cells(content: str) -> str:
    """As Excel saves a sheet of which only the first lines have a value in the last column."""
    found = list(csv.reader(io.StringIO(content, newline="")))
    note = found[0].index("note")
    moved = [[*row[:note], *row[note + 1 :], row[note]] for row in found]
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\r\n").writerows(
        [moved[0], *(row if number < 5 else row[:-1] for number, row in enumerate(moved[1:]))]
    )
    return out.getvalue()


def quoted(content: str) -> str:
    out = io.StringIO(newline="")
    parsed = csv.reader(io.StringIO(content, newline=""))
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(parsed)
    return out.getvalue()


REWRITTEN = {
    "cells_cut": without_trailing_cells,
    "empty_cells": lambda t: (
        t.replace("\r\n", ",,\r\n") if "\n" not in t.replace("\r\n", "") else t
    ),
    "carriage_returns": lambda t: t.replace("\r\n", "\r"),
    "blank_lines": lambda t: "\r\n" + t + "\r\n,,,,\r\n\r\n",
    "all_quoted": quoted,
}


@pytest.mark.few(3)
@pytest.mark.parametrize("name", REWRITTEN)
def test_what_programs_write_otherwise_decides_the_same(
    inspect_file: Callable[[Path], Checked], shared_clinic: Database, decided: Path, name: str
) -> None:
    before = [ballot.decision for ballot in inspect_file(decided).ballots]
    text(REWRITTEN[name])(decided, shared_clinic)
    checked = inspect_file(decided)
    assert checked.problems == []
    assert [ballot.decision for ballot in checked.ballots] == before


REWRITING = st.fixed_dictionaries({
    "order": st.randoms(use_true_random=False),
    "before": st.lists(st.sampled_from(["mine", "a\n; b"]), max_size=2),
    "extra": st.lists(st.sampled_from(["mine", "Owner's word", "z\n"]), max_size=3),
    "delimiter": st.sampled_from(",;\t"),
    # Python's writer leaves a line feed bare where lines end in another character.
    "lines": st.sampled_from([("\r\n", csv.QUOTE_ALL), ("\n", csv.QUOTE_ALL), ("\r", csv.QUOTE_ALL),
                              ("\r\n", csv.QUOTE_MINIMAL), ("\n", csv.QUOTE_MINIMAL)]),
    "encoding": st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    "empty": st.lists(st.tuples(st.integers(0, 9), st.integers(0, 4)), max_size=4),
    "cut": st.booleans(),
})  # fmt: skip


def rewritten(lines: list[list[str]], how: dict[str, Any]) -> bytes:
    """Write lines in any of the ways that leave each cell under its column."""
    places = list(range(len(lines[0])))
    how["order"].shuffle(places)
    moved = [[row[place] for place in places] for row in lines]
    added = how["before"], how["extra"]
    moved = [
        [*added[0], *moved[0], *added[1]],
        *([*map(str.title, added[0]), *row, *map(str.upper, added[1])] for row in moved[1:]),
    ]
    if how["cut"]:
        moved = [trimmed(row) for row in moved]
    for place, width in how["empty"]:
        moved.insert(place, [""] * width)
    out = io.StringIO(newline="")
    ends, quoting = how["lines"]
    csv.writer(out, delimiter=how["delimiter"], lineterminator=ends, quoting=quoting).writerows(
        moved
    )
    return out.getvalue().encode(how["encoding"])


def trimmed(row: list[str]) -> list[str]:
    filled = [place for place, cell in enumerate(row) if cell]
    return row[: filled[-1] + 1]


def read_decisions(path: Path) -> list[Decision]:
    reading = read_files([path], "")
    assert reading.problems == []
    return [entry.decision for entry in reading.entries]


def test_any_harmless_rewriting_decides_the_same(decided: Path) -> None:
    lines = list(csv.reader(io.StringIO(decided.read_text("utf-8-sig"), newline="")))[:12]
    write_lines(decided, lines)
    before = read_decisions(decided)
    assert len(before) == 11

    @given(how=REWRITING)
    @settings(max_examples=60)
    def read_again(how: dict[str, Any]) -> None:
        decided.write_bytes(rewritten(lines, how))
        assert read_decisions(decided) == before

    read_again()
