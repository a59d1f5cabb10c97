"""Undo restores what still holds what was written, and lists the rest."""

import json
from collections.abc import Iterator

import pytest

from petrec.features.runs.journal.store import list_runs
from petrec.features.runs.lineage import read_lineage
from petrec.features.runs.result import MovedOn
from petrec.features.runs.undo import preview
from petrec.operations.connect import connect
from petrec.operations.runs import plan_undo, runs, undo
from tests.plugins.command import Petrec
from tests.plugins.databases import Database, copied
from tests.plugins.runs import APPLY

NAME = '"public"."recordings"'
UNDO = ("runs", "undo", "1", "--yes", "--format", "json")
ASSIGNED = "SELECT row_key[1]::uuid FROM petrec.changes WHERE run_id = 1 ORDER BY seq LIMIT 4"
ROWS = "SELECT id, r::text FROM recordings r"


@pytest.fixture(scope="module")
def undone(after_backfill: Database) -> Iterator[Database]:
    """The clinic whose run 2 has undone run 1, to be read only."""
    with copied(after_backfill) as copy:
        session = connect(copy.dsn)
        undo(session, 1)
        session.engine.dispose()
        yield copy


def test_rows_that_moved_on(petrec: Petrec, shared_clinic: Database, backfilled: Database) -> None:
    original = {row[0]: row for row in shared_clinic.execute(ROWS)}
    changed = [row[0] for row in backfilled.execute(ASSIGNED)]
    backfilled.execute(
        "UPDATE recordings SET pet_id = (SELECT id FROM pets p WHERE p.id <> pet_id LIMIT 1)"
        " WHERE id = ANY(%s)", (changed[:2],),
    )  # fmt: skip
    backfilled.execute("DELETE FROM recordings WHERE id = ANY(%s)", (changed[2:],))
    kept = backfilled.execute(f"{ROWS} WHERE id = ANY(%s)", (changed,))
    ended = petrec(*UNDO, dsn=backfilled.dsn)
    assert ended.code == 1, ended.err
    result = json.loads(ended.out)
    assert result["run"]["changed"] == 395 - 4
    reasons = {row["recording_id"]: row["reason"] for row in result["moved_on"]}
    assert reasons == {str(i): "its pet has changed since" for i in changed[:2]} | {
        str(i): "the recording was deleted" for i in changed[2:]
    }
    now = {row[0]: row for row in backfilled.execute(ROWS)}
    expected = original | {row[0]: row for row in kept}
    assert now == {key: row for key, row in expected.items() if key not in changed[2:]}
    told = tuple(MovedOn(row["recording_id"], row["reason"]) for row in result["moved_on"])
    with connect(backfilled.dsn).engine.connect() as connection:
        shown = read_lineage(connection, NAME, 2, None, 3)
        one = read_lineage(connection, NAME, 2, str(changed[1]), None)
        assert read_lineage(connection, '"public"."other"', 2, None, None).changes == ()
    assert (len(shown.changes), shown.skipped) == (3, told[:3])
    first = "SELECT row_key[1] FROM petrec.changes WHERE run_id = 2 ORDER BY seq LIMIT 3"
    assert [(change.recording_id,) for change in shown.changes] == backfilled.execute(first)
    assert {(change.run, change.action) for change in shown.changes} == {(2, "undo of 1")}
    assert one.changes == ()
    assert [(row.recording_id, row.reason) for row in one.skipped] == [
        (str(changed[1]), "its pet has changed since")
    ]


def test_a_plan_counts_all_that_moved_on_and_lists_the_first(
    backfilled: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = [row[0] for row in backfilled.execute(ASSIGNED)]
    backfilled.execute("DELETE FROM recordings WHERE id = ANY(%s)", (gone,))
    monkeypatch.setattr(preview, "MOST_LISTED", 3)
    plan = plan_undo(connect(backfilled.dsn), 1)
    assert (plan.restored, plan.left) == (395 - 4, 4)
    assert [each.recording_id for each in plan.moved_on] == [str(id_) for id_ in gone[:3]]


def test_a_list_has_the_newest_runs_of_its_target_alone(undone: Database) -> None:
    session = connect(undone.dsn)
    assert [run.id for run in runs(session).runs] == [2, 1]
    assert [run.id for run in runs(session, limit=1).runs] == [2]
    with session.engine.connect() as connection:
        assert [run.id for run in list_runs(connection, NAME)] == [2, 1]
        assert list_runs(connection, '"public"."other"') == ()


def test_lineage_tells_the_whole_story(petrec: Petrec, undone: Database) -> None:
    recording = str(undone.execute(ASSIGNED)[0][0])
    shown = petrec("runs", "show", "--recording", recording, "--format", "json", dsn=undone.dsn)
    steps = json.loads(shown.out)["changes"]
    assert [step["action"] for step in steps] == ["backfill", "undo of 1"]
    assert steps[0]["old"] == steps[1]["new"] == {"pet_id": None}
    assert steps[0]["new"] == steps[1]["old"]


def test_undo_of_an_undo_is_refused(petrec: Petrec, undone: Database) -> None:
    ended = petrec("runs", "undo", "2", "--yes", dsn=undone.dsn)
    assert (ended.code, "itself an undo" in ended.err) == (2, True)


def test_overtaken_evidence_is_a_warning(petrec: Petrec, backfilled: Database) -> None:
    chosen = backfilled.execute(ASSIGNED)[0][0]
    backfilled.execute(
        """INSERT INTO appointment_pets SELECT r.appointment_id, p.id FROM recordings r, pets p
           WHERE r.id = %s AND p.id <> r.pet_id LIMIT 1""",
        (chosen,),
    )
    same_appointment = """SELECT count(*) FROM petrec.changes
        JOIN recordings r ON r.id = row_key[1]::uuid
        WHERE r.appointment_id = (SELECT appointment_id FROM recordings WHERE id = %s)"""
    overtaken = backfilled.execute(same_appointment, (chosen,))[0][0]
    audited = json.loads(petrec("audit", "--format", "json", dsn=backfilled.dsn).out)
    warned = {warning["id"]: warning["count"] for warning in audited["warnings"]}
    assert warned["evidence_overtaken"] == overtaken > 0


def test_a_touched_column_that_moved_on_does_not_keep_the_pet(
    petrec: Petrec, clinic: Database
) -> None:
    assert petrec(*APPLY, "--touch", "updated_at", dsn=clinic.dsn).code == 0
    moved = [row[0] for row in clinic.execute(ASSIGNED)]
    clinic.execute("UPDATE recordings SET updated_at = '2031-01-01' WHERE id = ANY(%s)", (moved,))
    result = json.loads(petrec(*UNDO, dsn=clinic.dsn).out)
    assert (result["run"]["changed"], result["moved_on"]) == (395, [])
    kept = "SELECT pet_id, updated_at::date::text FROM recordings WHERE id = ANY(%s)"
    assert set(clinic.execute(kept, (moved,))) == {(None, "2031-01-01")}


def test_a_pet_taken_away_since_is_said_so(petrec: Petrec, backfilled: Database) -> None:
    chosen = backfilled.execute(ASSIGNED)[0][0]
    backfilled.execute("UPDATE recordings SET pet_id = NULL WHERE id = %s", (chosen,))
    found = json.loads(petrec(*UNDO, dsn=backfilled.dsn).out)["moved_on"]
    assert [row["reason"] for row in found] == ["its pet has been removed since"]
