"""What the commands on constraints answer, as counts, notes, rows and findings."""

import re

from petrec.documents.document import Document
from petrec.features.constraints.disk import DiskNeed, FileSystem
from petrec.features.constraints.names import Name
from petrec.features.constraints.result import (
    ConstraintsPlan,
    ConstraintsResult,
    ConstraintsStatus,
    Filled,
    Obstacles,
)
from petrec.features.constraints.state import ObjectState, Presence, Problem, Step
from petrec.features.constraints.statements.constraint import SetNotNull
from petrec.features.constraints.statements.index import CreateIndex

RECORDINGS = Name("vet data", "recordings")
SET = SetNotNull(table=RECORDINGS, below=(Name("public", "part"),), column=Name("pet_id"))
STEP = Step("required", SET, rows=7, bytes=8, index_bytes=9)
SQL = 'ALTER TABLE "vet data".recordings ALTER COLUMN pet_id SET NOT NULL'
DONE = ObjectState("a", "indexes", "recordings", "index", Presence.EQUIVALENT, "b", "as b")
LACKS = ObjectState("c", "required", "recordings", "not null", Presence.MISSING)
STATUS = ConstraintsStatus((DONE, LACKS), ("a note",))


def numbers(text: str) -> list[int]:
    return [int(found) for found in re.findall(r"\d+", text)]


def records(found: Document, grid: int = 0) -> list[dict[str, object]]:
    one = found.grids[grid]
    return [dict(zip(one.columns, row, strict=True)) for row in one.rows]


def test_a_status_counts_what_is_in_place_and_finds_the_rest() -> None:
    found = STATUS.document()
    assert numbers(found.title) == [1, 2]
    assert records(found) == [
        {"object": "a", "kind": "index", "table": "recordings", "group": "indexes",
         "state": "equivalent", "remark": "as b"},
        {"object": "c", "kind": "not null", "table": "recordings", "group": "required",
         "state": "missing", "remark": ""},
    ]  # fmt: skip
    assert [(f.rule, f.severity, f.count, f.help) for f in found.findings] == [
        ("a", "error", 0, ""),
        ("c", "error", 1, "petrec constraints plan"),
    ]
    assert (found.notes, found.payload, found.command) == (("a note",), STATUS, STATUS.command)
    assert not STATUS.is_complete
    assert ConstraintsStatus((DONE,)).is_complete
    assert list(STATUS.frame()["name"]) == ["a", "c"]


def test_a_plan_shows_each_step_with_its_locks_and_what_it_reads() -> None:
    plan = ConstraintsPlan((STEP,), ("a note",))
    found = plan.document()
    (row,) = records(found)
    locks = 'AccessExclusiveLock on "vet data".recordings, AccessExclusiveLock on public.part'
    assert row == {
        "step": 1, "SQL": SQL, "locks": locks, "waits": "short", "rows read": 7, "bytes read": 8,
        "index bytes": 9, "hazard": SET.hazard,
    }  # fmt: skip
    assert plan.hash in found.title
    assert found.notes == ("a note",)
    frame = plan.frame()
    assert frame.iloc[0].to_dict() == {
        "object": "required", "sql": SQL, "waits": "short", "hazard": SET.hazard, "rows": 7,
        "bytes": 8, "index_bytes": 9,
    }  # fmt: skip


def test_a_plan_says_what_is_lacking_before_it_is_applied() -> None:
    space = DiskNeed(1024, 2048, 1024, (FileSystem("/data", 4096, 512),))
    plan = ConstraintsPlan(
        (STEP,), ("a note",), space=space, missing=(Problem("c", "no right", "GRANT it"),),
        refused={"c": 1, "d": 1200},
    )  # fmt: skip
    found = plan.document()
    first, right, one, many, repair, room = found.notes
    assert (first, right) == ("a note", "before applying it: no right; GRANT it")
    assert ("c would" in one, "1 row" in one, "1,200 rows" in many) == (True, True, True)
    assert repair
    assert "512 B" in room
    payload = found.payload
    assert isinstance(payload, dict)
    assert list(payload) == [
        "command", "schema_version", "hash", "steps", "notes", "space", "missing", "refused",
    ]  # fmt: skip
    assert (payload["notes"], payload["space"]) == (("a note",), space)
    assert (payload["missing"], payload["refused"]) == (plan.missing, plan.refused)
    (step,) = payload["steps"]
    assert (step.object, step.sql, step.waits, step.hazard) == (
        "required",
        SQL,
        "short",
        SET.hazard,
    )
    assert (step.rows, step.bytes, step.index_bytes, len(step.locks)) == (7, 8, 9, 2)
    assert ConstraintsPlan((STEP,)).hash == plan.hash != ConstraintsPlan(()).hash


def test_a_script_bounds_the_wait_of_what_stops_others() -> None:
    lines = ConstraintsPlan((STEP,), ("a note",)).script(2500, str.upper).splitlines()
    assert lines[0].startswith("-- petrec plan ")
    assert "-- A NOTE" in lines
    at = lines.index(f"{SQL};")
    assert lines[at - 1] == "SET lock_timeout = 2500;"
    assert lines[at - 2].startswith("-- AccessExclusiveLock on ")
    build = CreateIndex(table=RECORDINGS, name=Name("i"), columns=(Name("pet_id"),))
    plan = ConstraintsPlan((Step("i", build),), ("two\nlines",))
    lines = plan.script(2500).splitlines()
    assert "-- two lines" in lines
    assert lines[lines.index(f"{build.sql};") - 1] == "SET lock_timeout = 0;"
    assert lines[-1].startswith("RESET ")


def test_what_was_executed_is_shown_before_the_state_after_it() -> None:
    result = ConstraintsResult((SQL,), STATUS)
    found = result.document()
    assert numbers(found.title) == [1, 1, 2]
    assert records(found) == [{"SQL": SQL}]
    assert found.grids[1:] == STATUS.document().grids
    assert found.findings == STATUS.document().findings
    assert found.payload == result
    assert list(result.frame()["name"]) == ["a", "c"]


def test_rows_in_the_way_are_findings() -> None:
    for result in (Obstacles({"c": 3}, {"missing": 2}), Obstacles({"c": 3}), Filled({"c": 3})):
        found = result.document()
        assert [tuple(row.values()) for row in records(found)] == [("c", 3)]
        assert [(f.rule, f.severity, f.count) for f in found.findings] == [("c", "error", 3)]
        assert all(f.help for f in found.findings)
        assert (len(found.notes), found.payload) == (2, result)
        assert [tuple(row) for row in result.frame().to_numpy()] == [("c", 3)]
    assert records(Obstacles({"c": 3}, {"missing": 2}).document(), 1) == [
        {"kind": "missing", "rows": 2}
    ]
    assert len(Obstacles({"c": 3}).document().grids) == 1
