"""What commands on runs answer, as counts, notes and rows."""

import re
from typing import Any

import pytest
from msgspec.structs import replace

from petrec.features.runs.change import Change, Lineage
from petrec.features.runs.result import (
    Abandoned,
    MovedOn,
    Resumed,
    RunList,
    UndoPlan,
    UndoResult,
)
from petrec.features.runs.run import Action, RunState, SkipCause
from tests.plugins.planned_runs import AT, make_run

MOVED = MovedOn("1", "the pet has changed")
REFUSED = MovedOn("2", "refused by it", SkipCause.REFUSED)
REWRITTEN = MovedOn("3", "otherwise", SkipCause.REWRITTEN)
UNDO = "petrec runs undo 7"


def numbers(text: str) -> list[int]:
    return [int(found) for found in re.findall(r"\d+", text)]


def test_an_undo_counts_what_it_left_alone_by_cause() -> None:
    run = make_run(id=8, undoes=7, changed=6, before=1, skipped=5)
    found = UndoResult(run, (MOVED, REFUSED, REFUSED, REWRITTEN)).document()
    assert numbers(found.title) == [5, 6, 2, 2, 1]
    assert [7, 8] in map(numbers, found.notes)
    assert run.speed in found.notes
    (grid,) = found.grids
    assert grid.columns == ("recording", "reason")
    assert grid.rows[:2] == (("1", "the pet has changed"), ("2", "refused by it"))
    assert found.command == "runs undo"


def test_an_undo_that_restored_everything_says_no_more() -> None:
    found = UndoResult(make_run(id=8, undoes=7, changed=6, unconfirmed="s"), ()).document()
    assert numbers(found.title) == [6, 0]
    assert "no standby of 's'" in " ".join(found.notes)


def test_the_plan_of_an_undo_says_what_would_stop_it() -> None:
    plan = UndoPlan(make_run(), 4, 3, (MOVED,), ("no right",), ("a trigger",))
    found = plan.document()
    assert numbers(found.title) == [7, 4, 3]
    stops, warns, cut, undo = found.notes
    assert (stops.endswith("no right"), warns, numbers(cut)) == (True, "a trigger", [1])
    assert undo.endswith(UNDO) or f"{UNDO} " in undo
    assert found.grids[0].rows == (("1", "the pet has changed"),)
    all_listed = UndoPlan(make_run(), 4, 1, (MOVED,)).document()
    assert all_listed.notes == (undo,)


@pytest.mark.parametrize(
    ("action", "rows", "clean"),
    [
        (Action.BACKFILL, (), True),
        (Action.BACKFILL, (MOVED,), True),
        (Action.BACKFILL, (MOVED, REFUSED), False),
        (Action.BACKFILL, (REWRITTEN,), False),
        (Action.REVIEW, (), True),
        (Action.REVIEW, (MOVED,), False),
    ],
)
def test_what_was_not_written_is_clean_only_where_it_moved_on_and_nobody_decided(
    action: Action, rows: tuple[MovedOn, ...], clean: bool
) -> None:
    assert Resumed(make_run(action=action), rows).is_clean is clean


def test_a_resumed_run_names_the_way_back() -> None:
    run = make_run(state=RunState.DONE, changed=6, before=4)
    found = Resumed(run, (REFUSED,)).document()
    assert found.title.startswith(f"run 7 {RunState.DONE}")
    assert numbers(found.title) == [7, 2, 6]
    assert "1 recording changed" in Resumed(make_run(changed=5, before=4), ()).document().title
    assert any(UNDO in note for note in found.notes)
    assert run.speed in found.notes
    assert found.grids[0].rows == (("2", "refused by it"),)
    for other in (make_run(changed=6, undoes=3), make_run()):
        assert not any(UNDO in note for note in Resumed(other, ()).document().notes)
    unconfirmed = make_run(unconfirmed="s")
    assert unconfirmed.warning in Resumed(unconfirmed, ()).document().notes


def test_a_run_that_was_left_names_the_way_back() -> None:
    found = Abandoned(make_run(planned=9, changed=6, skipped=1)).document()
    assert numbers(found.title) == [7, 6, 2]
    assert any(UNDO in note for note in found.notes)
    assert Abandoned(make_run(planned=9)).document().notes == ()
    assert Abandoned(make_run(changed=6, undoes=3)).document().notes == ()


def test_runs_are_listed_with_all_that_they_did() -> None:
    working = make_run(
        planned=10, changed=5, skipped=1, busy_ms=4000, batch_size=3, batch_ms=12.4,
        role="dba", host="db1", pid=42, throttled_by="paused", held=True,
    )  # fmt: skip
    done = make_run(
        id=8, action=Action.UNDO, undoes=7, state=RunState.DONE, planned=4, changed=3,
        busy_ms=1000, undone_by=(9, 10), failure="why",
    )  # fmt: skip
    found = RunList((working, done)).document()
    assert numbers(found.title) == [2]
    assert "public.recordings" in found.title
    (grid,) = found.grids
    rows = [dict(zip(grid.columns, row, strict=True)) for row in grid.rows]
    of_working: dict[str, Any] = {
        "run": 7, "action": "backfill", "state": "running", "started": "2025-09-01 14:30:15",
        "planned": 10, "changed": 5, "skipped": 1, "left": 4, "last batch": "3 rows, 12 ms",
        "by": "dba, db1:42", "undone by": None, "why": "paused",
        "rows/s": 1.5, "time": "2.7 s left",
    }  # fmt: skip
    of_done: dict[str, Any] = {
        "action": "undo of 7", "undone by": "9, 10", "why": "why", "rows/s": 3, "time": "1.0 s",
    }  # fmt: skip
    for row, expected in zip(rows, (of_working, of_done), strict=True):
        assert {name: row[name] for name in expected} == expected
    assert numbers(RunList(()).document().title) == []
    for changed, rate in ((4_000, 10), (3_999, 10.0), (4_200, 10), (999, 2.5)):
        shown = RunList((make_run(changed=changed, busy_ms=400_000),)).document().grids[0].rows[0]
        assert shown[grid.columns.index("rows/s")] == rate
    unknown = RunList((make_run(planned=9),)).document().grids[0].rows[0]
    assert unknown[grid.columns.index("time")] is None


def test_changes_are_shown_with_both_pets() -> None:
    change = Change("1", 7, "backfill", "visit", {"pet_id": None}, {"pet_id": 5}, AT, "dba")
    found = Lineage((change,), (REFUSED,)).document()
    assert numbers(found.title) == [1]
    (row,) = (dict(zip(found.grids[0].columns, each, strict=True)) for each in found.grids[0].rows)
    assert (row["recording"], row["old pet"], row["new pet"]) == ("1", "-", "5")
    assert (row["run"], row["action"], row["strategy"]) == (7, "backfill", "visit")
    assert found.grids[1].rows == (("2", "refused by it"),)
    assert len(Lineage((change,)).document().grids) == 1
    assert found.payload == Lineage((change,), (REFUSED,))


def test_what_changed_besides_the_pet_is_shown_where_anything_did() -> None:
    old = {"pet_id": 5, "status": "pending", "size": None, "updated_at": "1", "note": "a"}
    new = {"pet_id": 5, "status": "failed", "size": 7, "updated_at": "2", "note": "a"}
    plain = Change("1", 7, "backfill", "visit", {"pet_id": None}, {"pet_id": 5}, AT, "dba")
    edited = Change("2", 8, "correction", "why", old, new, AT, "dba", author="Ada")
    grid = Lineage((plain, edited)).document().grids[0]
    first, second = (dict(zip(grid.columns, row, strict=True)) for row in grid.rows)
    assert (first["also"], second["also"]) == (None, "status: pending -> failed, size: - -> 7")
    assert (first["by"], second["by"]) == ("dba", "Ada")
    assert (first["at"], first["run"], second["run"]) == ("2025-09-01 14:30:15", 7, 8)
    assert "also" not in Lineage((plain,)).document().grids[0].columns


def test_a_run_of_a_part_of_the_recordings_is_listed_with_its_conditions() -> None:
    some = replace(make_run().target, only=("created since 2025", "of clinic 3"))
    grid = RunList((make_run(target=some), make_run(id=8))).document().grids[0]
    rows = [dict(zip(grid.columns, row, strict=True)) for row in grid.rows]
    assert [row["only"] for row in rows] == ["created since 2025 and of clinic 3", None]
    assert "only" not in RunList((make_run(),)).document().grids[0].columns


def test_a_result_names_its_command_and_its_tables() -> None:
    run, one = make_run(), (MOVED,)
    results = (UndoResult(run, one), UndoPlan(run, 1, 1, one), Resumed(run, one), Abandoned(run),
               RunList((run,)), Lineage((), one))  # fmt: skip
    for result in results:
        found = result.document()
        assert (found.command, found.payload) == (result.command, result)
        assert all(grid.title for grid in found.grids)
    assert len({result.command for result in results}) == 5


def test_results_are_data_frames() -> None:
    assert list(UndoResult(make_run(), (MOVED, REFUSED)).frame()["recording_id"]) == ["1", "2"]
    assert list(UndoPlan(make_run(), 1, 1, (MOVED,)).frame()["reason"]) == [MOVED.reason]
    assert list(Resumed(make_run(), (MOVED,)).frame()["recording_id"]) == ["1"]
    assert list(Abandoned(make_run()).frame()["id"]) == [7]
    assert list(RunList((make_run(), make_run(id=8))).frame()["id"]) == [7, 8]
    change = Change("1", 7, "backfill", "visit", {}, {}, AT, "dba")
    assert list(Lineage((change,)).frame()["run"]) == [7]
