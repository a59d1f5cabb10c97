"""`petrec runs`: one list of all that wrote, an undo that can be looked at first, and resuming."""

import json
from functools import partial
from typing import Any

from petrec.operations.backfill import apply_backfill
from petrec.operations.connect import connect
from petrec.operations.review_import import Decisions, import_review
from petrec.operations.runs import undo
from tests.plugins.case_files import decide_some
from tests.plugins.command import Petrec
from tests.plugins.databases import Database
from tests.plugins.exports import Exported
from tests.plugins.forks import Completed
from tests.plugins.runs import interrupted, state

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
    backfilled: Database, petrec: Petrec, exported: Exported
) -> None:
    cases = decide_some(exported("cases.csv"))
    review = ("review", "import", str(cases), "--apply", "--yes", "--partial", "-q")
    assert petrec(*review, dsn=backfilled.dsn).code in {0, 1}
    for run in ("2", "1"):
        assert petrec("runs", "undo", run, "--yes", "-q", dsn=backfilled.dsn).code in {0, 1}
    found = listed(petrec, backfilled)
    assert [(run["id"], run["action"], run["undone_by"]) for run in found] == [
        (4, "undo", []), (3, "undo", []), (2, "review", [3]), (1, "backfill", [4]),
    ]  # fmt: skip
    assert {run["target"]["table"] for run in found} == {"public.recordings"}
    assert all(run["changed"] and run["role"] and run["started_at"] for run in found)
    shown = petrec("runs", "list", "--limit", "2", dsn=backfilled.dsn).out
    assert "undo of 1" in shown
    assert "backfill" not in shown
    steps = told(petrec("runs", "show", "2", *JSON, dsn=backfilled.dsn))["changes"]
    assert {step["action"] for step in steps} == {"review"}
    assert len(steps) == found[2]["changed"]


def test_a_planned_undo_says_what_the_undo_then_does(backfilled: Database, petrec: Petrec) -> None:
    chosen = [row[0] for row in backfilled.execute(ASSIGNED)]
    backfilled.execute(
        "UPDATE recordings SET pet_id = (SELECT id FROM pets p WHERE p.id <> pet_id LIMIT 1)"
        " WHERE id = ANY(%s)", (chosen[:2],),
    )  # fmt: skip
    backfilled.execute("UPDATE recordings SET pet_id = NULL WHERE id = ANY(%s)", (chosen[2:5],))
    backfilled.execute("DELETE FROM recordings WHERE id = ANY(%s)", (chosen[5:],))
    before, runs = backfilled.checksum(), backfilled.execute("SELECT r::text FROM petrec.runs r")
    planned = told(petrec("runs", "undo", "1", "--plan", *JSON, dsn=backfilled.dsn))
    assert (planned["restored"], planned["left"]) == (395 - 9, 9)
    assert backfilled.checksum() == before
    assert backfilled.execute("SELECT r::text FROM petrec.runs r") == runs
    undone = told(petrec("runs", "undo", "1", "--yes", *JSON, dsn=backfilled.dsn))
    assert undone["run"]["changed"] == planned["restored"]
    assert undone["moved_on"] == planned["moved_on"]
    again = told(petrec("runs", "undo", "1", "--plan", *JSON, dsn=backfilled.dsn))
    assert (again["restored"], again["left"]) == (0, 9)


def test_any_interrupted_run_is_resumed_by_its_number(
    clinic: Database, petrec: Petrec, exported: Exported
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
    session = connect(clinic.dsn)
    interrupted(partial(apply_backfill, session, touch=("updated_at",)))
    assert resumed(1)["changed"] == 395
    cases = decide_some(exported("cases.csv"))
    interrupted(partial(import_review, session, Decisions([cases], partial=True)))
    cases.unlink()
    assert resumed(2)["action"] == "review"
    interrupted(partial(undo, session, 2))
    assert resumed(3)["undoes"] == 2
    assert petrec("runs", "undo", "1", "--yes", dsn=clinic.dsn).code == 0
    assert clinic.checksum() == untouched


def test_a_run_that_has_ended_is_not_resumed(
    clinic: Database, backfilled: Database, petrec: Petrec
) -> None:
    nothing = petrec("runs", "resume", "1", "--yes", dsn=clinic.dsn)
    assert (nothing.code, "there is no run 1" in nothing.err) == (2, True)
    ended = petrec("runs", "resume", "1", "--yes", dsn=backfilled.dsn)
    assert (ended.code, "run 1 is done" in ended.err) == (2, True)
    assert len(listed(petrec, backfilled)) == 1


def test_a_run_that_does_not_exist_is_refused_before_any_question(
    clinic: Database, backfilled: Database, petrec: Petrec
) -> None:
    commands = [("show",), ("undo",), ("undo", "--plan"), ("resume",), ("abandon",)]
    for each in (clinic, backfilled):
        for command, *options in commands:
            ended = petrec("runs", command, "99", *options, dsn=each.dsn)
            assert (ended.code, ended.out) == (2, ""), command
            assert "there is no run 99" in ended.err, command
    for command in ("resume", "abandon"):
        ended = petrec("runs", command, "1", dsn=backfilled.dsn)
        assert (ended.code, "run 1 is done" in ended.err) == (2, True), command
