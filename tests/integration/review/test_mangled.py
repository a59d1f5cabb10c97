"""Files that people and programs have damaged: each error names its place, nothing is written."""

import csv
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from petrec.features.review.checked import Checked
from tests.plugins.case_files import (
    FIRST,
    Row,
    candidates,
    read_csv,
    rows,
    text,
    write_csv,
    write_lines,
)
from tests.plugins.command import Petrec
from tests.plugins.databases import Database

NOBODY = "00000000-0000-4000-8000-000000000000"


@dataclass(frozen=True)
class Damage:
    """What happens to a decided file, and where petrec must find it."""

    mangle: Callable[[Path, Database], None]
    line: int
    field: str
    trouble: str = "error"


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


@pytest.mark.few(6)
@pytest.mark.parametrize("name", DAMAGES)
def test_each_error_names_its_place(
    inspect_file: Callable[[Path], Checked], shared_clinic: Database, decided: Path, name: str
) -> None:
    damage = DAMAGES[name]
    damage.mangle(decided, shared_clinic)
    (problem,) = inspect_file(decided).problems
    assert problem.place.file == str(decided)
    assert (problem.field, problem.trouble) == (damage.field, damage.trouble)
    assert not damage.line or problem.place.line == damage.line


@pytest.mark.parametrize("name", ["header_changed", "unknown_pet", "state_of_another_time"])
def test_nothing_is_written_from_a_mangled_file(
    petrec: Petrec, clinic: Database, decided: Path, name: str
) -> None:
    before = clinic.checksum()
    DAMAGES[name].mangle(decided, clinic)
    ended = petrec(
        "review", "import", str(decided), "--apply", "--yes", "--format", "json", dsn=clinic.dsn
    )
    assert ended.code == 1, ended.out + ended.err
    assert json.loads(ended.out)["run"] is None
    assert clinic.checksum() == before
    assert clinic.execute("SELECT to_regclass('petrec.decisions')") == [(None,)]


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
def test_a_damaged_download_names_its_line_and_field(
    inspect_file: Callable[[Path], Checked], tmp_path: Path, content: str, line: int, field: str
) -> None:
    (tmp_path / "decisions.json").write_text(content)
    (problem,) = inspect_file(tmp_path / "decisions.json").problems
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


@pytest.mark.parametrize("column", ["kind", "state", "choices"])
def test_a_line_that_lacks_what_petrec_wrote(
    inspect_file: Callable[[Path], Checked], decided: Path, column: str
) -> None:
    found = read_csv(decided)
    last = [*(name for name in found[0] if name != column), column]
    write_csv(decided, [{name: row[name] for name in last} for row in found])
    lines = list(csv.reader(io.StringIO(decided.read_text("utf-8-sig"), newline="")))
    write_lines(decided, [*lines[:2], lines[2][:-1], *lines[3:]])
    (problem,) = inspect_file(decided).problems
    assert (problem.place.line, problem.field) == (3, column)


def test_lines_with_one_reason_are_shown_as_one(
    petrec: Petrec, clinic: Database, decided: Path
) -> None:
    write_csv(decided, [row | {"reviewer": ""} for row in read_csv(decided)])
    ended = petrec("review", "import", str(decided), "--format", "markdown", dsn=clinic.dsn)
    assert (ended.code, ended.out.count("the reviewer is missing")) == (1, 1)
    assert "2, 3, 4, 5, 6, ..." in ended.out
    assert "| 160 |" in ended.out
