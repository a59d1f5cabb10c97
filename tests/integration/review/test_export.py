"""Every doubtful recording is exported, with candidates that would make it ok."""

import json
from collections import Counter
from pathlib import Path

from tests.plugins.case_files import candidates, read_csv
from tests.plugins.command import Petrec
from tests.plugins.databases import Database
from tests.plugins.exports import Exported

KINDS = {
    "missing_ambiguous": 160,
    "missing_no_pets": 20,
    "missing_no_appointment": 20,
    "missing_dangling_appointment": 5,
    "dangling_pet": 8,
    "mismatched": 100,
}


def test_every_case_has_candidates(petrec: Petrec, clinic: Database, tmp_path: Path) -> None:
    made = petrec("review", "export", "cases.csv", "--format", "json", dsn=clinic.dsn)
    assert made.code == 0, made.err
    rows = read_csv(tmp_path / "cases.csv")
    assert Counter(row["kind"] for row in rows) == KINDS
    assert {k: n for k, n in json.loads(made.out)["kinds"].items() if n} == KINDS
    assert all(candidates(row) for row in rows)
    assert not any(row["decision"] for row in rows)


def test_cases_are_by_kind_in_the_order_of_the_kinds_and_then_by_id(
    petrec: Petrec, clinic: Database, tmp_path: Path
) -> None:
    # Of these, some are told the day of the recording, and some the other appointments of the pet.
    kinds = ["mismatched", "missing_no_pets", "dangling_pet", "missing_ambiguous"]
    options = [word for kind in kinds for word in ("--kind", kind)]
    petrec("review", "export", "cases.csv", *options, dsn=clinic.dsn)
    shown = [(row["kind"], row["recording_id"]) for row in read_csv(tmp_path / "cases.csv")]
    assert Counter(kind for kind, _ in shown) == {kind: KINDS[kind] for kind in kinds}
    assert shown == sorted(shown, key=lambda case: (kinds.index(case[0]), case[1]))


def test_candidates_of_an_ambiguous_row_are_the_pets_of_its_appointment(
    petrec: Petrec, clinic: Database, tmp_path: Path
) -> None:
    petrec("review", "export", "cases.csv", "--kind", "missing_ambiguous", dsn=clinic.dsn)
    listed: dict[str, set[str]] = {}
    for appointment, pet in clinic.execute("SELECT appointment_id, pet_id FROM appointment_pets"):
        listed.setdefault(str(appointment), set()).add(str(pet))
    for row in read_csv(tmp_path / "cases.csv"):
        offered = {(c[1], c[2]) for c in candidates(row)}
        assert {("assign", pet) for pet in listed[row["appointment_id"]]} <= offered


def test_a_mismatched_pet_is_linked_only_where_its_owner_matches(
    petrec: Petrec, clinic: Database, tmp_path: Path
) -> None:
    petrec("review", "export", "cases.csv", "--kind", "mismatched", dsn=clinic.dsn)
    matching = {
        str(recording)
        for (recording,) in clinic.execute("""
            SELECT r.id FROM recordings r JOIN pets p ON p.id = r.pet_id
            JOIN appointments a ON a.id = r.appointment_id WHERE p.owner_id = a.pet_owner_id""")
    }
    for row in read_csv(tmp_path / "cases.csv"):
        own = {c[1] for c in candidates(row) if c[2] == row["pet_id"]}
        assert ("link" in own) == (row["recording_id"] in matching)
        assert own


def test_no_cell_is_a_formula(exported: Exported) -> None:
    cells = [cell for row in read_csv(exported("cases.csv")) for cell in row.values()]
    assert not [cell for cell in cells if cell[:1] in tuple("=+-@\t\r\n\0") and cell]


def test_a_name_without_a_format_is_refused(petrec: Petrec, clinic: Database) -> None:
    ended = petrec("review", "export", "cases.doc", dsn=clinic.dsn)
    assert (ended.code, "cases.doc" in ended.err) == (2, True)


def test_an_unknown_kind_is_refused(petrec: Petrec, clinic: Database) -> None:
    ended = petrec("review", "export", "--kind", "ok", dsn=clinic.dsn)
    assert (ended.code, "missing_ambiguous" in ended.err) == (2, True)
