"""A recording whose primary key holds its appointment is found by the key it has now."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.plugins.case_files import candidates, decide
from tests.plugins.cluster import Cluster
from tests.plugins.command import Petrec
from tests.plugins.databases import Database, MakeDatabase
from tests.plugins.runs import APPLY

TABLES = """
CREATE TABLE pets (id int PRIMARY KEY, owner_id int, name text);
CREATE TABLE appointments (
    id int PRIMARY KEY, pet_owner_id int, appointment_date timestamptz, title text, notes text);
CREATE TABLE appointment_pets (appointment_id int REFERENCES appointments,
    pet_id int REFERENCES pets, PRIMARY KEY (appointment_id, pet_id));
CREATE TABLE recordings (id int, appointment_id int, pet_id int, created_at timestamptz
    DEFAULT '2025-09-01 10:00Z', PRIMARY KEY (id, appointment_id)) {partitioned};
INSERT INTO pets SELECT n, n % 3, 'Pet ' || n FROM generate_series(1, 6) n;
INSERT INTO appointments SELECT n * 10, n % 3, '2025-09-01 10:00Z' FROM generate_series(1, 6) n;
INSERT INTO appointment_pets SELECT n * 10, n FROM generate_series(1, 6) n;
"""
PARTS = """
CREATE TABLE recordings_0 PARTITION OF recordings FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE recordings_1 PARTITION OF recordings FOR VALUES WITH (MODULUS 2, REMAINDER 1);
"""
ROWS = """
INSERT INTO recordings (id, appointment_id, pet_id) VALUES
    (101, 20, 1), (102, 30, 1), (103, 10, NULL), (104, 40, 4), (105, 50, 6)
"""
ALL = "SELECT id, appointment_id, pet_id FROM recordings ORDER BY id"


@pytest.fixture(params=["plain", "partitioned"])
def moved(request: pytest.FixtureRequest, database: MakeDatabase, any_cluster: Cluster) -> Database:
    made = database("empty", any_cluster)
    parted = request.param == "partitioned"
    clause = "PARTITION BY HASH (appointment_id)" if parted else ""
    made.execute(TABLES.format(partitioned=clause) + (PARTS if parted else "") + ROWS)
    return made


def into_its_own(row: dict[str, str]) -> dict[str, str]:
    """Choose the candidate that takes the recording to the appointment of the pet it has."""
    own = str(int(row["pet_id"]) * 10)
    chosen = [c[1] == "assign" and c[3] == own for c in candidates(row)].index(True)
    return {"decision": str(chosen + 1), "reviewer": "Ada"}


@pytest.mark.few(1)
def test_runs_of_every_command_are_undone_where_keys_move(
    moved: Database, petrec: Petrec, tmp_path: Path
) -> None:
    dsn, before = moved.dsn, moved.execute(ALL)
    backfilled = petrec(*APPLY, "--format", "json", dsn=dsn)
    assert backfilled.code == 0, backfilled.err
    filled = moved.execute(ALL)
    assert filled != before

    imported = review(petrec, moved, tmp_path)
    assert moved.execute(ALL) == [(101, 10, 1), (102, 10, 1), (103, 10, 1), (104, 40, 4),
                                  (105, 60, 6)]  # fmt: skip
    shown = petrec("runs", "show", "--recording", "101", "--format", "json", dsn=dsn)
    (change,) = json.loads(shown.out)["changes"]
    assert (change["old"]["appointment_id"], change["new"]["appointment_id"]) == (20, 10)

    left = plan_undo(petrec, moved, 1)["moved_on"]
    assert "the recording was deleted" not in {row["reason"] for row in left}
    undone = petrec("runs", "undo", str(imported["id"]), "--yes", dsn=dsn)
    assert undone.code == 0, undone.out
    assert moved.execute(ALL) == filled
    again = review(petrec, moved, tmp_path)
    assert again["changed"] == 3
    assert petrec("runs", "undo", str(again["id"]), "--yes", dsn=dsn).code == 0
    planned = plan_undo(petrec, moved, 1)
    run = json.loads(backfilled.out)["run"]
    assert (planned["restored"], planned["left"]) == (run["changed"], 0)
    assert petrec("runs", "undo", "1", "--yes", dsn=dsn).code == 0
    assert moved.execute(ALL) == before


def plan_undo(petrec: Petrec, moved: Database, run: int) -> dict[str, Any]:
    ended = petrec("runs", "undo", str(run), "--plan", "--format", "json", dsn=moved.dsn)
    assert ended.code == 0, ended.err
    return dict(json.loads(ended.out))


def review(petrec: Petrec, moved: Database, tmp_path: Path) -> dict[str, Any]:
    cases = tmp_path / "cases.csv"
    cases.unlink(missing_ok=True)
    assert petrec("review", "export", str(cases), dsn=moved.dsn).code == 0
    decide(cases, into_its_own)
    command = ("review", "import", str(cases), "--apply", "--yes", "--format", "json")
    ended = petrec(*command, dsn=moved.dsn)
    assert ended.code == 0, ended.out + ended.err
    run = dict(json.loads(ended.out)["run"])
    assert (run["state"], run["skipped"]) == ("done", 0)
    return run


@pytest.mark.few(2)
def test_a_backfill_is_undone_after_a_review_has_moved_its_row(
    moved: Database, petrec: Petrec, tmp_path: Path
) -> None:
    """The pet is what the backfill wrote; only the key is another."""
    assert petrec(*APPLY, dsn=moved.dsn).code == 0
    moved.execute("DELETE FROM appointment_pets WHERE appointment_id = 10")
    moved.execute("INSERT INTO appointment_pets VALUES (40, 1)")
    cases = tmp_path / "cases.csv"
    assert petrec("review", "export", str(cases), dsn=moved.dsn).code == 0

    def to_forty(row: dict[str, str]) -> dict[str, str]:
        places = [(c[1], c[2], c[3]) for c in candidates(row)]
        wanted = ("assign", "1", "40")
        decided = row["recording_id"] == "103" and wanted in places
        return {"decision": str(places.index(wanted) + 1), "reviewer": "Ada"} if decided else {}

    decide(cases, to_forty)
    command = ("review", "import", str(cases), "--apply", "--yes")
    assert petrec(*command, dsn=moved.dsn).code == 0
    assert moved.execute(ALL)[2] == (103, 40, 1)
    undone = petrec("runs", "undo", "1", "--yes", dsn=moved.dsn)
    assert undone.code == 0, undone.out
    assert moved.execute(ALL)[2] == (103, 40, None)

    # What the application moves back is where a later run wrote, wherever an earlier one moved it.
    moved.execute("UPDATE recordings SET appointment_id = 10 WHERE id = 103")
    moved.execute("INSERT INTO appointment_pets VALUES (10, 1)")
    again = petrec(*APPLY, "--format", "json", dsn=moved.dsn)
    run = json.loads(again.out)["run"]["id"]
    assert moved.execute(ALL)[2] == (103, 10, 1)
    assert plan_undo(petrec, moved, run)["left"] == 0
    assert petrec("runs", "undo", str(run), "--yes", dsn=moved.dsn).code == 0
    assert moved.execute(ALL)[2] == (103, 10, None)
