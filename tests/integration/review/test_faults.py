"""Killed in the middle of an import, then again: the outcome is the same."""

import json
from pathlib import Path

import pytest

from petrec.operations.connect import connect
from petrec.operations.review_import import Decisions, import_review
from tests.plugins.case_files import FIRST, decide_some, read_csv, write_csv
from tests.plugins.command import Petrec, Spawn
from tests.plugins.databases import Database, MakeDatabase
from tests.plugins.exports import Exported
from tests.plugins.runs import changed, kill_again_and_again
from tests.plugins.waiting import until

LINKS = "SELECT appointment_id, pet_id FROM appointment_pets ORDER BY 1, 2"


@pytest.mark.long
@pytest.mark.parametrize(
    ("kills", "cases"), [(1, 80), pytest.param(60, 313, marks=pytest.mark.full)]
)
def test_an_import_that_is_killed_again_and_again_ends_the_same(
    spawn: Spawn,
    petrec: Petrec,
    database: MakeDatabase,
    exported: Exported,
    kills: int,
    cases: int,
) -> None:
    clinic, twin = database(), database()
    file = decide_some(exported("cases.csv"), cases)
    command = ("review", "import", str(file), "--apply", "--yes", "-q")
    assert import_review(connect(twin.dsn), Decisions([file])).problems == ()
    assert kill_again_and_again(spawn, clinic, command, cases, kills) > kills / 2
    assert petrec(*command, dsn=clinic.dsn).code == 0
    assert changed(clinic) == cases
    assert clinic.checksum() == twin.checksum()
    assert clinic.execute(LINKS) == twin.execute(LINKS)
    recorded = "SELECT count(*), count(DISTINCT row_key) FROM petrec.decisions"
    assert clinic.execute(recorded) == [(cases, cases)]


def test_a_row_that_changes_before_its_turn_is_left_alone(
    spawn: Spawn, clinic: Database, exported: Exported, tmp_path: Path
) -> None:
    rows = [row | FIRST for row in read_csv(exported("cases.csv"))[:30]]
    path = write_csv(tmp_path / "cases.csv", rows)
    slowly = ("--apply", "--yes", "--format", "json", "--max-rows-per-second", "15")
    process = spawn("review", "import", str(path), *slowly, dsn=clinic.dsn)
    until(lambda: changed(clinic) > 0 or process.poll() is not None)
    late = "UPDATE recordings r SET appointment_id = NULL WHERE id = %s RETURNING r::text"
    kept = clinic.execute(late, (rows[-1]["recording_id"],))
    out, err = process.communicate()
    assert process.returncode == 1, err
    result = json.loads(out)
    assert (result["run"]["changed"], result["run"]["skipped"]) == (29, 1)
    assert result["skipped"][0]["recording_id"] == rows[-1]["recording_id"]
    query = "SELECT r::text FROM recordings r WHERE id = %s"
    assert clinic.execute(query, (rows[-1]["recording_id"],)) == kept
