"""Files that people and programs have damaged: each error names its place, nothing is written."""

import csv
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from petrec.features.review.case import Decision
from petrec.features.review.check import check
from petrec.features.review.checked import Checked
from petrec.features.review.read import read_files
from petrec.postgres.connection import make_engine
from petrec.postgres.dsn import resolve_dsn
from petrec.postgres.preflight import load_schema
from petrec.postgres.snapshot import read_snapshot
from petrec.settings import Settings
from tests.plugins.case_files import FIRST, Row, candidates, decide, read_csv, write_csv
from tests.plugins.cluster import Cluster
from tests.plugins.command import Petrec
from tests.plugins.databases import Database, _template
from tests.plugins.exports import Exported

NOBODY = "00000000-0000-4000-8000-000000000000"


@dataclass(frozen=True)
class Damage:
    """What happens to a decided file, and where petrec must find it."""

    mangle: Callable[[Path, Database], None]
    line: int
    field: str
    trouble: str = "error"


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


def cell(column: str, value: str) -> Callable[[Path, Database], None]:
    return rows(lambda found, _: found[0].update({column: value}))


def a_pet(found: list[Row], clinic: Database) -> None:
    """An existing pet that is none of the row's candidates, in the list of candidates."""
    offered = {c[2] for c in candidates(found[0])}
    pet = next(str(p) for (p,) in clinic.execute("SELECT id FROM pets") if str(p) not in offered)
    found[0]["choices"] = json.dumps([[["1. x", "assign", pet, found[0]["appointment_id"]]]])


def no_pet(found: list[Row], _: Database) -> None:
    found[0]["choices"] = json.dumps([[["1. x", "assign", NOBODY, found[0]["appointment_id"]]]])


def duplicate(found: list[Row], _: Database) -> None:
    found.insert(1, dict(found[0], decision="2"))


def swap_decisions(found: list[Row], _: Database) -> None:
    """The label of another row's candidate, as after a shifted column of decisions."""
    found[0]["decision"] = next(
        c[0] for row in found for c in candidates(row)
        if c[0] not in {o[0] for o in candidates(found[0])}
    )  # fmt: skip


def one_cell_too_many(content: str) -> str:
    lines = content.split("\r\n")
    return "\r\n".join([lines[0], lines[1].replace(",", ",,", 1), *lines[2:]])


DAMAGES = {
    "header_changed": Damage(text(lambda t: t.replace("decision", "Wahl", 1)), 1, "decision"),
    "header_gone": Damage(text(lambda t: t.partition("\r\n")[2]), 1, "recording_id"),
    "column_deleted": Damage(
        rows(lambda found, _: [row.pop("state") for row in found]), 1, "state"
    ),
    "cell_inserted": Damage(text(one_cell_too_many), 2, "choices"),
    "id_deleted": Damage(cell("recording_id", ""), 2, "recording_id"),
    "id_cut": Damage(cell("recording_id", "1234"), 2, "recording_id"),
    "id_unknown": Damage(cell("recording_id", NOBODY), 2, "recording_id"),
    "id_a_number": Damage(cell("recording_id", "9.9E+15"), 2, "recording_id"),
    "id_a_german_number": Damage(cell("recording_id", "9,9E+15"), 2, "recording_id"),
    "duplicated": Damage(rows(duplicate), 3, "recording_id"),
    "pet_outside_the_candidates": Damage(rows(a_pet), 2, "pet_id"),
    "unknown_pet": Damage(rows(no_pet), 2, "pet_id"),
    "wrong_kind": Damage(cell("kind", "mismatched"), 2, "kind"),
    "no_kind": Damage(cell("kind", "ambiguous"), 2, "kind"),
    "decision_of_another_row": Damage(rows(swap_decisions), 2, "decision"),
    "no_such_candidate": Damage(cell("decision", "77"), 2, "decision"),
    "decision_in_words": Damage(cell("decision", "maybe the brown one"), 2, "decision"),
    "other_without_pet": Damage(cell("decision", "other"), 2, "decision"),
    "reviewer_deleted": Damage(cell("reviewer", " "), 2, "reviewer"),
    "choices_damaged": Damage(cell("choices", "[[["), 2, "choices"),
    "state_of_another_time": Damage(cell("state", "0" * 32), 2, "state", "stale"),
    "truncated": Damage(text(lambda t: t[: len(t) * 2 // 3]), 0, ""),
    "empty": Damage(text(lambda _: ""), 0, ""),
    "binary": Damage(text(lambda _: b"\xff\x00\x80PK"), 1, ""),
    "latin1": Damage(text(lambda t: t.replace("Ada", "Jörg").encode("latin-1", "replace")), 2, ""),
}  # fmt: skip


@pytest.fixture
def decided(exported: Exported) -> Path:
    path = exported("cases.csv")
    ambiguous = [row for row in read_csv(path) if row["kind"] == "missing_ambiguous"]
    return decide(write_csv(path, ambiguous))


@pytest.fixture(scope="module")
def template(cluster: Cluster) -> Iterator[Database]:
    """The clinic, to be read only."""
    found = Database(cluster, _template(cluster, "clinic"))
    yield found
    for connection in found.connections:
        connection.close()


@pytest.fixture
def inspect(template: Database) -> Iterator[Callable[[Path], Checked]]:
    """Check a file as `petrec review import` does."""
    engine = make_engine(resolve_dsn(template.dsn, None), Settings(), "test")

    def run(path: Path) -> Checked:
        with read_snapshot(engine) as connection:
            schema = load_schema(connection, Settings().mapping)
            return check(connection, schema, read_files([path], ""))

    yield run
    engine.dispose()


@pytest.mark.parametrize("name", DAMAGES)
def test_each_error_names_its_place(
    inspect: Callable[[Path], Checked], template: Database, decided: Path, name: str
) -> None:
    damage = DAMAGES[name]
    damage.mangle(decided, template)
    (problem,) = inspect(decided).problems
    assert problem.place.file == str(decided)
    assert (problem.field, problem.trouble) == (damage.field, damage.trouble)
    assert not damage.line or problem.place.line == damage.line


@pytest.mark.parametrize("name", ["header_changed", "unknown_pet", "state_of_another_time"])
def test_nothing_is_written(petrec: Petrec, clinic: Database, decided: Path, name: str) -> None:
    before = clinic.checksum()
    DAMAGES[name].mangle(decided, clinic)
    ended = petrec(
        "review", "import", str(decided), "--apply", "--yes", "--format", "json", dsn=clinic.dsn
    )
    assert ended.code == 1, ended.out + ended.err
    assert json.loads(ended.out)["run"] is None
    assert clinic.checksum() == before
    assert clinic.execute("SELECT to_regclass('petrec.decisions')") == [(None,)]


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


@pytest.mark.parametrize("name", HARMLESS)
def test_what_spreadsheets_do_is_understood(
    inspect: Callable[[Path], Checked], template: Database, decided: Path, name: str
) -> None:
    HARMLESS[name](decided, template)
    checked = inspect(decided)
    assert checked.problems == []
    assert checked.verdicts == {"assign": 5 if name == "rows_deleted" else 160}


def mangle_sheet(path: Path, change: Callable[[Any], None]) -> None:
    book = openpyxl.load_workbook(path)
    sheet = book["mismatched"]
    decision = [c.value for c in sheet[1]].index("decision") + 1
    for row in range(2, sheet.max_row + 1):
        sheet.cell(row, decision).value = "1"
    change(sheet)
    book["instructions"]["B1"] = "Ada"
    book.save(path)


@pytest.mark.parametrize(
    ("change", "line", "field"),
    [
        (lambda sheet: sheet.__setitem__("A3", 9.9e15), 3, "recording_id"),
        (lambda sheet: sheet.__setitem__("A3", None), 3, "recording_id"),
        (lambda sheet: sheet.__setitem__("B1", "Art"), 1, "kind"),
        (lambda sheet: sheet.delete_cols(3), 1, "decision"),
    ],
)
def test_a_workbook_names_the_sheet(
    petrec: Petrec, clinic: Database, exported: Exported,
    change: Callable[[Any], None], line: int, field: str,
) -> None:  # fmt: skip
    mangle_sheet(exported("cases.xlsx"), change)
    ended = petrec("review", "import", "cases.xlsx", "--format", "json", dsn=clinic.dsn)
    (problem,) = json.loads(ended.out)["problems"]
    assert problem["place"] == {"file": "cases.xlsx", "sheet": "mismatched", "line": line}
    assert problem["field"] == field


def test_a_workbook_without_cases(petrec: Petrec, clinic: Database, tmp_path: Path) -> None:
    openpyxl.Workbook().save(tmp_path / "cases.xlsx")
    (tmp_path / "broken.xlsx").write_bytes(b"PK nothing")
    ended = petrec(
        "review", "import", "cases.xlsx", "broken.xlsx", "--format", "json", dsn=clinic.dsn
    )
    problems = json.loads(ended.out)["problems"]
    assert [p["place"]["file"] for p in problems] == ["broken.xlsx", "cases.xlsx"]


@pytest.mark.parametrize(
    ("content", "line", "field"),
    [
        ("[]", 0, ""),
        ('{"petrec_review": 2, "decisions": []}', 0, "petrec_review"),
        ('{"petrec_review": 1, "decisions": [{"kind": "x"}]}', 1, "recording_id"),
        ('{"petrec_review": 1, "decisions": [{"recording_id": "x", "kind": "x", "state": "x", '
         '"verdict": "shoot"}]}', 1, "verdict"),
        ('{"petrec_review": 1, "decisions": [{"recording_id": "x", "kind": "x", "state": "x", '
         '"verdict": "assign", "reviewer": "a"}]}', 1, "pet_id"),
        ('{"petrec_review": 1, "decisions": [{"recording_id": "x", "kind": "x", "state": "x", '
         '"verdict": "leave"}]}', 1, "reviewer"),
    ],
)  # fmt: skip
def test_a_damaged_download(
    inspect: Callable[[Path], Checked], tmp_path: Path, content: str, line: int, field: str
) -> None:
    (tmp_path / "decisions.json").write_text(content)
    (problem,) = inspect(tmp_path / "decisions.json").problems
    assert (problem.place.line, problem.field) == (line, field)


def test_partial_writes_the_rest_beside(petrec: Petrec, clinic: Database, decided: Path) -> None:
    rows(lambda found, _: found[3].update(decision="77"))(decided, clinic)
    partial = ("--apply", "--partial", "--yes", "--format", "json")
    ended = petrec("review", "import", str(decided), *partial, dsn=clinic.dsn)
    result = json.loads(ended.out)
    assert (ended.code, result["run"]["changed"]) == (1, 159)
    rejects = Path(result["rejects"][0])
    (row,) = read_csv(rejects)
    assert "77" in row["problem"]
    write_csv(rejects, [row | FIRST])
    repaired = petrec("review", "import", str(rejects), "--apply", "--yes", dsn=clinic.dsn)
    assert repaired.code == 0, repaired.out
    assert clinic.execute("SELECT count(*) FROM petrec.decisions") == [(160,)]


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


@pytest.mark.parametrize("name", REWRITTEN)
def test_what_programs_write_otherwise_decides_the_same(
    inspect: Callable[[Path], Checked], template: Database, decided: Path, name: str
) -> None:
    before = [ballot.decision for ballot in inspect(decided).ballots]
    text(REWRITTEN[name])(decided, template)
    checked = inspect(decided)
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
    @settings(deadline=None, max_examples=60)
    def read_again(how: dict[str, Any]) -> None:
        decided.write_bytes(rewritten(lines, how))
        assert read_decisions(decided) == before

    read_again()


def write_lines(path: Path, lines: list[list[str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as out:
        csv.writer(out).writerows(lines)


@pytest.mark.parametrize("column", ["kind", "state", "choices"])
def test_a_line_that_lacks_what_petrec_wrote(
    inspect: Callable[[Path], Checked], decided: Path, column: str
) -> None:
    found = read_csv(decided)
    last = [*(name for name in found[0] if name != column), column]
    write_csv(decided, [{name: row[name] for name in last} for row in found])
    lines = list(csv.reader(io.StringIO(decided.read_text("utf-8-sig"), newline="")))
    write_lines(decided, [*lines[:2], lines[2][:-1], *lines[3:]])
    (problem,) = inspect(decided).problems
    assert (problem.place.line, problem.field) == (3, column)


def test_lines_with_one_reason_are_shown_as_one(
    petrec: Petrec, clinic: Database, decided: Path
) -> None:
    write_csv(decided, [row | {"reviewer": ""} for row in read_csv(decided)])
    ended = petrec("review", "import", str(decided), "--format", "markdown", dsn=clinic.dsn)
    assert (ended.code, ended.out.count("who decided")) == (1, 1)
    assert "2, 3, 4, 5, 6, ..." in ended.out
    assert "| 160 |" in ended.out
