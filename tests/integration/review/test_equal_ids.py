"""Decisions name ids as people and spreadsheets write them, and tables may write them otherwise."""

import json
from pathlib import Path
from typing import Any

import pytest

from petrec.features.review.clock import UTC
from petrec.features.review.served.sight import see
from petrec.operations.connect import connect
from tests.plugins.case_files import Row, candidates, read_csv, write_csv
from tests.plugins.command import Petrec
from tests.plugins.databases import Database, MakeDatabase
from tests.plugins.votes import vote
from tests.plugins.writings import OF_EACH_TYPE, Writing, plainly

LINKS = "SELECT appointment_id::text, pet_id::text FROM appointment_pets l ORDER BY l"


class Review:
    """A clinic, and the review of its cases."""

    def __init__(self, petrec: Petrec, clinic: Database, directory: Path) -> None:
        self.petrec, self.clinic, self.file = petrec, clinic, directory / "cases.csv"
        assert petrec("review", "export", "cases.csv", "--force", dsn=clinic.dsn).code == 0
        self.cases = read_csv(self.file)

    def give(self, rows: list[Row]) -> dict[str, Any]:
        write_csv(self.file, rows)
        options = ("--apply", "--yes", "--format", "json")
        ended = self.petrec("review", "import", "cases.csv", *options, dsn=self.clinic.dsn)
        assert ended.code in {0, 1}, ended.err
        return dict(json.loads(ended.out))


def _adding(cases: list[Row]) -> list[Row]:
    """Decide all cases in which the recording's own pet could be added to its appointment."""
    found = []
    for row in cases:
        for number, choice in enumerate(candidates(row), start=1):
            if choice[1] == "link" and choice[2] == row["pet_id"]:
                found.append(vote(row, str(number)))
    return found


@pytest.mark.parametrize("writing", OF_EACH_TYPE)
def test_decisions_that_share_an_added_pet_are_written_and_undone(
    petrec: Petrec, database: MakeDatabase, tmp_path: Path, writing: Writing
) -> None:
    ends = []
    for mixed in (False, True):
        review = Review(petrec, writing.clinic(database, mixed=mixed), tmp_path)
        clinic, rows = review.clinic, _adding(review.cases)
        # Two recordings of one appointment need the same new pet: one adds it, the other finds it.
        assert len({(row["appointment_id"], row["pet_id"]) for row in rows}) < len(rows)
        before = clinic.checksum()
        run = review.give(rows)["run"]
        added = clinic.execute(LINKS)
        assert petrec("runs", "undo", "1", "--yes", dsn=clinic.dsn).code == 0
        left = clinic.execute(LINKS)
        assert (clinic.checksum(), len(left) < len(added)) == (before, True)
        # A pet stays where a visit relies on it.
        ends.append((run["changed"], run["skipped"], plainly(str(left)), len(rows)))
    assert ends[0] == ends[1]
    assert ends[0][:2] == (ends[0][-1], 0)


@pytest.mark.parametrize("writing", OF_EACH_TYPE)
def test_ids_that_a_person_writes_otherwise_are_those_of_the_tables(
    petrec: Petrec, database: MakeDatabase, tmp_path: Path, writing: Writing
) -> None:
    review = Review(petrec, writing.clinic(database), tmp_path)
    lost = next(row for row in review.cases if row["kind"] == "missing_dangling_appointment")
    pet = writing.write(7, otherwise=True)
    named = {"recording_id": writing.otherwise(lost["recording_id"]), "other_pet_id": pet}
    twice = [vote(lost, "other", other_pet_id=pet), vote(lost | named, "other")]
    refused = review.give(twice)["problems"]
    assert [problem["reason"] for problem in refused] == ["line 2 already decides this recording"]
    result = review.give([vote(lost | named, "other", other_pet_id=pet)])
    assert (result["problems"], result["run"]["changed"]) == ([], 1)
    written = "SELECT pet_id = %s, appointment_id FROM recordings WHERE id = %s"
    assert review.clinic.execute(written, (pet, lost["recording_id"])) == [(True, None)]


@pytest.mark.parametrize("writing", OF_EACH_TYPE)
def test_a_practice_is_one_file_however_it_is_written(
    petrec: Petrec, database: MakeDatabase, tmp_path: Path, writing: Writing
) -> None:
    clinic = writing.clinic(database)
    assert petrec("review", "export", "all.csv", dsn=clinic.dsn).code == 0
    split = petrec("review", "export", "of.csv", "--split", "practice", dsn=clinic.dsn)
    assert split.code == 0, split.err
    files = sorted(tmp_path.glob("of-*.csv"))
    found = [row["recording_id"] for file in files for row in read_csv(file)]
    expected = [row["recording_id"] for row in read_csv(tmp_path / "all.csv")]
    assert (len(files), sorted(found)) == (2, sorted(expected))
    vets = "SELECT assigned_vet_user_id::text FROM appointments WHERE assigned_vet_user_id = %s"
    ((vet,), *_) = clinic.execute(vets, (writing.write(2),))
    asked = petrec("review", "export", "vet.csv", "--vet", vet, dsn=clinic.dsn)
    assert asked.code == 0, asked.err
    of_vet = """SELECT r.id::text FROM recordings r LEFT JOIN appointments a
        ON a.id = r.appointment_id
        WHERE r.recorded_by_user_id = %s OR a.assigned_vet_user_id = %s"""
    mine = {each for (each,) in clinic.execute(of_vet, (vet, vet))}
    kept = [row["recording_id"] for row in read_csv(tmp_path / "vet.csv")]
    assert sorted(kept) == sorted(mine & set(expected))


@pytest.mark.parametrize("writing", OF_EACH_TYPE)
def test_a_pet_that_is_linked_in_two_writings_changes_no_case(
    petrec: Petrec, database: MakeDatabase, tmp_path: Path, writing: Writing
) -> None:
    clinic = writing.clinic(database)
    for appointment, pet in clinic.execute(LINKS)[::2]:
        # The links have both writings; one of these two is new.
        for each in (writing.otherwise(pet), writing.write(writing.number(pet))):
            if each != pet:
                clinic.execute("INSERT INTO appointment_pets VALUES (%s, %s)", (appointment, each))
    clinic.execute("CREATE INDEX ON appointment_pets (appointment_id, pet_id); ANALYZE")
    review = Review(petrec, clinic, tmp_path)
    rows = [vote(row, "1") for row in review.cases if candidates(row)][:40]
    # A few cases and all of them are read by other plans, which meet the links in another order.
    for some in (rows[:3], rows):
        write_csv(review.file, some)
        ended = petrec("review", "import", "cases.csv", "--format", "json", dsn=clinic.dsn)
        assert json.loads(ended.out)["problems"] == [], ended.err


@pytest.mark.parametrize("writing", OF_EACH_TYPE)
def test_a_served_case_is_found_however_its_id_is_written(
    database: MakeDatabase, writing: Writing
) -> None:
    session = connect(writing.clinic(database).dsn)
    with session.snapshot() as (connection, schema):
        ids = (writing.write(1), writing.write(1, otherwise=True))
        one, other = (see(connection, schema, each, UTC) for each in ids)
    session.engine.dispose()
    assert one.case is not None
    assert one == other
