"""`petrec runs`: one list of all that wrote, an undo that can be looked at first, and resuming."""

import json
from typing import Any

from tests.faults.runs.test_leaving import interrupt
from tests.plugins.case_files import decide_some
from tests.plugins.command import Petrec, Spawn
from tests.plugins.databases import Database
from tests.plugins.exports import Exported
from tests.plugins.forks import Completed
from tests.plugins.runs import APPLY, state

ASSIGNED = "SELECT row_key[1]::uuid FROM petrec.changes WHERE run_id = 1 ORDER BY seq LIMIT 9"
JSON = ("--format", "json")


def told(ended: Completed) -> dict[str, Any]:
    """Return the JSON of a command that had something to say."""
    assert ended.code in {0, 1}, ended.err
    return dict(json.loads(ended.out))


def listed(petrec: Petrec, clinic: Database) -> list[dict[str, Any]]:
    """Return the runs as the list has them, the newest first."""
    return list(told(petrec("runs", "list", *JSON, dsn=clinic.dsn))["runs"])


def test_the_list_has_every_kind_of_run_and_what_undid_it(
    clinic: Database, petrec: Petrec, exported: Exported
) -> None:
    assert petrec(*APPLY, dsn=clinic.dsn).code == 0
    cases = decide_some(exported("cases.csv"))
    review = ("review", "import", str(cases), "--apply", "--yes", "--partial", "-q")
    assert petrec(*review, dsn=clinic.dsn).code in {0, 1}
    for run in ("2", "1"):
        assert petrec("runs", "undo", run, "--yes", "-q", dsn=clinic.dsn).code in {0, 1}
    found = listed(petrec, clinic)
    assert [(run["id"], run["action"], run["undone_by"]) for run in found] == [
        (4, "undo", []), (3, "undo", []), (2, "review", [3]), (1, "backfill", [4]),
    ]  # fmt: skip
    assert {run["target"]["table"] for run in found} == {"public.recordings"}
    assert all(run["changed"] and run["role"] and run["started_at"] for run in found)
    shown = petrec("runs", "list", "--limit", "2", dsn=clinic.dsn).out
    assert "undo of 1" in shown
    assert "backfill" not in shown
    steps = told(petrec("runs", "show", "2", *JSON, dsn=clinic.dsn))["changes"]
    assert {step["action"] for step in steps} == {"review"}
    assert len(steps) == found[2]["changed"]


def test_a_planned_undo_says_what_the_undo_then_does(clinic: Database, petrec: Petrec) -> None:
    assert petrec(*APPLY, dsn=clinic.dsn).code == 0
    chosen = [row[0] for row in clinic.execute(ASSIGNED)]
    clinic.execute(
        "UPDATE recordings SET pet_id = (SELECT id FROM pets p WHERE p.id <> pet_id LIMIT 1)"
        " WHERE id = ANY(%s)", (chosen[:2],),
    )  # fmt: skip
    clinic.execute("UPDATE recordings SET pet_id = NULL WHERE id = ANY(%s)", (chosen[2:5],))
    clinic.execute("DELETE FROM recordings WHERE id = ANY(%s)", (chosen[5:],))
    before, runs = clinic.checksum(), clinic.execute("SELECT r::text FROM petrec.runs r")
    planned = told(petrec("runs", "undo", "1", "--plan", *JSON, dsn=clinic.dsn))
    assert (planned["restored"], planned["left"]) == (395 - 9, 9)
    assert clinic.checksum() == before
    assert clinic.execute("SELECT r::text FROM petrec.runs r") == runs
    undone = told(petrec("runs", "undo", "1", "--yes", *JSON, dsn=clinic.dsn))
    assert undone["run"]["changed"] == planned["restored"]
    assert undone["moved_on"] == planned["moved_on"]
    again = told(petrec("runs", "undo", "1", "--plan", *JSON, dsn=clinic.dsn))
    assert (again["restored"], again["left"]) == (0, 9)


def test_any_interrupted_run_is_resumed_by_its_number(
    clinic: Database, petrec: Petrec, spawn: Spawn, exported: Exported
) -> None:
    def resumed(number: int) -> dict[str, Any]:
        ended = petrec("runs", "resume", str(number), "--yes", *JSON, dsn=clinic.dsn)
        assert ended.code in {0, 1}, ended.err
        assert state(clinic)[0] == "done"
        run: dict[str, Any] = json.loads(ended.out)["run"]
        assert run["id"] == number
        assert run["changed"] > run["before"] > 0
        return run

    untouched = clinic.checksum()
    interrupt(spawn, clinic, (*APPLY, "--touch", "updated_at"), 20)
    assert resumed(1)["changed"] == 395
    cases = decide_some(exported("cases.csv"), 150)
    review = ("review", "import", str(cases), "--apply", "--yes", "--partial", "-q")
    interrupt(spawn, clinic, review, 20)
    cases.unlink()
    assert resumed(2)["action"] == "review"
    interrupt(spawn, clinic, ("runs", "undo", "2", "--yes", "-q"), 20)
    assert resumed(3)["undoes"] == 2
    assert petrec("runs", "undo", "1", "--yes", dsn=clinic.dsn).code == 0
    assert clinic.checksum() == untouched


def test_a_run_that_has_ended_is_not_resumed(clinic: Database, petrec: Petrec) -> None:
    nothing = petrec("runs", "resume", "1", "--yes", dsn=clinic.dsn)
    assert (nothing.code, "there is no run 1" in nothing.err) == (2, True)
    assert petrec(*APPLY, dsn=clinic.dsn).code == 0
    ended = petrec("runs", "resume", "1", "--yes", dsn=clinic.dsn)
    assert (ended.code, "run 1 is done" in ended.err) == (2, True)
    assert len(listed(petrec, clinic)) == 1


def test_a_run_that_does_not_exist_is_refused_before_any_question(
    clinic: Database, petrec: Petrec
) -> None:
    commands = [("show",), ("undo",), ("undo", "--plan"), ("resume",), ("abandon",)]
    for exists in (False, True):
        if exists:
            assert petrec(*APPLY, dsn=clinic.dsn).code == 0
        for command, *options in commands:
            ended = petrec("runs", command, "99", *options, dsn=clinic.dsn)
            assert (ended.code, ended.out) == (2, ""), command
            assert "there is no run 99" in ended.err, command
    for command in ("resume", "abandon"):
        ended = petrec("runs", command, "1", dsn=clinic.dsn)
        assert (ended.code, "run 1 is done" in ended.err) == (2, True), command
