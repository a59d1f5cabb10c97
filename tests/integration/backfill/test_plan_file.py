"""A plan made elsewhere is judged by petrec's rules: what does not hold is told, never written."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.plugins.command import Petrec
from tests.plugins.databases import Database, MakeDatabase
from tests.plugins.round_trips import counted
from tests.plugins.writings import OF_EACH_TYPE, Writing

CERTAIN = """
SELECT r.id::text, min(l.pet_id::text) FROM recordings r
JOIN appointments a ON a.id = r.appointment_id
JOIN appointment_pets l ON l.appointment_id = r.appointment_id
WHERE r.pet_id IS NULL GROUP BY r.id HAVING count(*) = 1 ORDER BY 1
"""
OTHERS = """
SELECT r.id::text FROM recordings r
JOIN appointment_pets l ON l.appointment_id = r.appointment_id
WHERE r.pet_id IS NULL GROUP BY r.id HAVING count(*) > 1 ORDER BY 1 LIMIT 2
"""
HEALTHY = (
    "SELECT id::text, pet_id::text FROM recordings WHERE pet_id IS NOT NULL ORDER BY id LIMIT 2"
)
TWIN = """
INSERT INTO recordings SELECT (jsonb_populate_record(
    r, jsonb_build_object('created_at', r.created_at + interval '40 days'))).*
FROM recordings r WHERE id = %s
"""
CHANGED = "SELECT row_key[1] FROM petrec.changes ORDER BY 1"


class Plan:
    """A clinic, files of plans, and the command that judges them."""

    def __init__(self, database: Database, petrec: Petrec, directory: Path) -> None:
        self.database, self.petrec, self.directory = database, petrec, directory

    def told(self, text: str, *words: str, code: int, name: str = "plan.csv") -> dict[str, Any]:
        ended = self.run(text, "--format", "json", *words, name=name)
        assert ended.code == code, ended.out + ended.err
        return dict(json.loads(ended.out))

    def run(self, text: str, *words: str, name: str = "plan.csv") -> Any:
        (self.directory / name).write_text(text)
        return self.petrec("backfill", "--plan", name, *words, dsn=self.database.dsn)


@pytest.fixture(params=["clinic", "integer_ids"])
def plan(
    request: pytest.FixtureRequest, database: MakeDatabase, petrec: Petrec, tmp_path: Path
) -> Plan:
    return Plan(database(request.param), petrec, tmp_path)


def test_only_lines_that_hold_are_written_and_undone(plan: Plan) -> None:
    certain, healthy = plan.database.execute(CERTAIN), plan.database.execute(HEALTHY)
    ambiguous = plan.database.execute(OTHERS)
    right, wrong = certain[:5], (certain[5][0], certain[6][1])
    assert certain[5][1] != wrong[1]
    before = plan.database.checksum()
    lines = [
        *right, wrong, (ambiguous[0][0], certain[0][1]), healthy[0],
        (healthy[1][0], healthy[0][1]),
    ]  # fmt: skip
    text = "recording_id;pet_id;confidence;reason\n" + "".join(
        f"{recording};{pet};0.9;by name\n" for recording, pet in lines
    )
    told = plan.told(text, code=1)
    expected = {
        "holds": 5,
        "the evidence names another pet": 1,
        "no evidence names one pet: missing_ambiguous": 1,
        "it has this pet already": 1,
        "it has another pet already": 1,
    }
    assert told["judgement"]["outcomes"] == expected
    assert [line["line"] for line in told["judgement"]["refused"]] == [7, 8, 10]
    assert plan.database.checksum() == before

    run = plan.told(text, "--apply", "--yes", code=1)["run"]
    assert (run["changed"], run["action"]) == (5, "backfill")
    assert plan.database.execute(CHANGED) == [(recording,) for recording, _ in sorted(right)]
    held = "recording_id,pet_id\n" + "".join(f"{one},{pet}\n" for one, pet in right)
    assert plan.told(held, "--apply", "--yes", code=0)["run"] is None
    undone = plan.petrec("runs", "undo", "1", "--yes", dsn=plan.database.dsn)
    assert undone.code == 0
    assert plan.database.checksum() == before


def test_json_lines_are_a_plan_too_and_a_whole_plan_is_a_whole_backfill(plan: Plan) -> None:
    certain = plan.database.execute(CERTAIN)
    numbers = plan.database.shape == "integer_ids"
    lines = [
        {"recording_id": int(one) if numbers else one, "pet_id": pet, "confidence": 1}
        for one, pet in certain
    ]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    told = plan.told(text, "--apply", "--yes", code=0, name="plan.jsonl")
    assert told["run"]["changed"] == len(certain)


@pytest.mark.no_journal
def test_all_faults_of_a_file_are_told_at_once_with_their_lines(plan: Plan) -> None:
    (one, pet), (other, _) = plan.database.execute(CERTAIN)[:2]
    text = (
        f"recording_id,pet_id\n{one},{pet}\nx y,{pet}\n,{pet}\n\n{one},{pet}\n{other},\nz z,{pet}\n"
    )
    ended = plan.run(text, "--apply", "--yes")
    assert ended.code == 2
    for told in (
        "plan.csv cannot be used as a plan: 5 faults",
        "line 3, 8: recording_id is not an id of type",
        "line 4: recording_id is empty",
        "line 7: pet_id is empty",
        "line 6: an earlier line has the same recording",
    ):
        assert told in ended.err
    assert plan.database.execute("SELECT to_regclass('petrec.runs')") == [(None,)]
    lacking = plan.run("recording,pet_id\n1,2\n")
    assert (lacking.code, "line 1: the header has 0 columns recording_id" in lacking.err) == (
        2,
        True,
    )
    broken = plan.run('{"recording_id": 1}\nnot json\n', name="broken.jsonl")
    assert broken.code == 2
    assert "line 1: Object missing required field `pet_id`" in broken.err
    assert "line 2: JSON is malformed" in broken.err
    array = plan.run('[{"recording_id": 1, "pet_id": 2}]', name="plan.json")
    assert (array.code, "write one object a line and name it .jsonl" in array.err) == (2, True)
    assert "leave out --sql" in plan.run(text, "--limit", "3").err


BAD = ("uuid-{}", "{:032x}-", "9{:030}", "{}g")


@pytest.mark.few(2)
@pytest.mark.parametrize("form", BAD)
def test_many_bad_ids_cost_few_questions_and_few_words(plan: Plan, form: str) -> None:
    text = "recording_id,pet_id\n" + "".join(
        f"{form.format(one)},{form.format(one)}\n" for one in range(1, 5_001)
    )
    (plan.directory / "plan.csv").write_text(text)
    with counted(plan.database.dsn) as trips:
        ended = plan.petrec("backfill", "--plan", "plan.csv", dsn=trips.dsn)
    assert ended.code == 2
    assert "recording_id is not an id of type" in ended.err
    assert "this line and those below were not checked" in ended.err
    assert len(ended.err) < 1_000
    assert len(trips.asked) < 100


def test_a_file_of_any_encoding_and_order_of_columns_is_the_same_plan(plan: Plan) -> None:
    certain = plan.database.execute(CERTAIN)[:3]
    lines = [f"by name;{pet};{one};0.5\r\n" for one, pet in certain]
    text = "reason;pet_id;recording_id;confidence\r\n" + "".join(lines)
    for encoding in ("utf-8-sig", "utf-16"):
        path = plan.directory / "plan.csv"
        path.write_bytes(text.encode(encoding))
        ended = plan.petrec("backfill", "--plan", path.name, "--format", "json",
                            dsn=plan.database.dsn)  # fmt: skip
        assert json.loads(ended.out)["judgement"]["outcomes"] == {"holds": 3}, ended.err
    repeated = "recording_id,pet_id\n" + "".join(
        f"{one},{pet}\n" for one, pet in (certain[0], certain[0], (certain[0][0], certain[1][1]))
    )
    told = plan.run(repeated).err
    assert "line 3: an earlier line has the same recording\n" in told
    assert "line 4: an earlier line has the same recording with another pet\n" in told


def test_an_id_of_several_recordings_is_never_written(
    database: MakeDatabase, petrec: Petrec, tmp_path: Path
) -> None:
    plan = Plan(database("partitioned"), petrec, tmp_path)
    (twin, pet), *certain = plan.database.execute(CERTAIN)[:4]
    plan.database.execute(TWIN, (twin,))
    text = "recording_id,pet_id\n" + "".join(
        f"{one},{each}\n" for one, each in [certain[0], (twin, pet), *certain[1:]]
    )
    told = plan.told(text, "--apply", "--yes", code=1)
    assert told["judgement"]["outcomes"] == {"holds": 3, "several recordings have this id": 1}
    assert [line["line"] for line in told["judgement"]["refused"]] == [3]
    assert (told["run"]["planned"], told["run"]["changed"]) == (3, 3)
    assert plan.database.execute(CHANGED) == [(one,) for one, _ in certain]


@pytest.mark.parametrize("writing", OF_EACH_TYPE)
def test_a_line_holds_however_it_writes_its_ids(
    petrec: Petrec, database: MakeDatabase, tmp_path: Path, writing: Writing
) -> None:
    plan = Plan(writing.clinic(database), petrec, tmp_path)
    no_visit = "r.pet_id IS NULL AND r.visit_id IS NULL"
    held = plan.database.execute(CERTAIN.replace("r.pet_id IS NULL", no_visit))
    lines = [",".join(writing.otherwise(each) for each in row) for row in held]
    text = "\n".join(["recording_id,pet_id", *lines])
    judged = plan.told(text, code=0)["judgement"]["outcomes"]
    assert judged == {"holds": len(held)}
    twice = plan.run(f"{text}\n{held[0][0]},{held[0][1]}\n")
    assert (twice.code, "an earlier line has the same recording" in twice.err) == (2, True)
    done = plan.told(text, "--apply", "--yes", code=0)
    assert (done["run"]["changed"], done["lapsed"]) == (len(held), 0)
