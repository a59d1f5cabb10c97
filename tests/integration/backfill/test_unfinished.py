"""A plan says what applying it does with an unfinished run: resume, abandon, or refuse."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from petrec.cli.backfill.plan import question
from petrec.features.backfill.proposed import JudgedPlan, ProposedBackfill
from tests.plugins.command import Petrec
from tests.plugins.databases import Database

STOP = "UPDATE petrec.runs SET state = 'stopped', finished_at = NULL"
SEEN = "SELECT id, state FROM petrec.runs ORDER BY id"
PRACTICES = """
SELECT a.practice_id::text FROM recordings r JOIN appointments a ON a.id = r.appointment_id
WHERE r.pet_id IS NULL AND 1 = (
    SELECT count(*) FROM appointment_pets l WHERE l.appointment_id = a.id)
GROUP BY 1 ORDER BY count(*) DESC LIMIT 2
"""
CERTAIN = """
SELECT r.id::text, min(l.pet_id::text) FROM recordings r
JOIN appointment_pets l ON l.appointment_id = r.appointment_id
WHERE r.pet_id IS NULL GROUP BY r.id HAVING count(*) = 1 ORDER BY 1 LIMIT 4
"""


@pytest.fixture
def words(clinic: Database, tmp_path: Path) -> dict[str, tuple[str, ...]]:
    """Options of four backfills, each of which has another plan."""
    one, other = (practice for (practice,) in clinic.execute(PRACTICES))
    for number in (1, 2):
        lines = clinic.execute(CERTAIN)[2 * number - 2 : 2 * number]
        text = "recording_id,pet_id\n" + "".join(f"{a},{b}\n" for a, b in lines)
        (tmp_path / f"{number}.csv").write_text(text)
    return {
        "all": (),
        "practice": ("--where", f"practice_id={one}"),
        "other practice": ("--where", f"practice_id={other}"),
        "file": ("--plan", "1.csv"),
        "other file": ("--plan", "2.csv"),
    }


@pytest.mark.few(1)
@pytest.mark.parametrize("started", ["practice", "file"])
def test_only_the_same_plan_is_resumed(
    clinic: Database, petrec: Petrec, words: dict[str, tuple[str, ...]], started: str
) -> None:
    def told(*options: str) -> dict[str, Any]:
        ended = petrec("backfill", *options, "--format", "json", dsn=clinic.dsn)
        return dict(json.loads(ended.out))

    assert petrec("backfill", *words[started], "--apply", "--yes", dsn=clinic.dsn).code == 0
    clinic.execute(STOP)
    for name, options in words.items():
        plan = told(*options)
        if name == started:
            assert (plan["resumes"], plan["obstacles"]) == (1, [])
            continue
        # The plan and what it is about say the same, before anything is asked or written.
        refused = petrec("backfill", *options, "--apply", dsn=clinic.dsn)
        assert refused.code == 2, name
        assert "petrec runs resume 1" in refused.err
        assert plan["resumes"] is None
        (obstacle,) = plan["obstacles"]
        assert obstacle.partition(";")[0] in refused.err
        assert obstacle.startswith("unfinished run 1 was planned for ")
        if name != "all":
            continue
        shown = petrec("backfill", *options, dsn=clinic.dsn)
        assert "--apply would fail: unfinished run 1" in " ".join(shown.out.split())
        assert "or add --anew" in " ".join(shown.out.split())
        anew = told(*options, "--anew")
        assert (anew["abandons"], anew["resumes"], anew["obstacles"]) == (1, None, [])
    assert clinic.execute(SEEN) == [(1, "stopped")]
    assert petrec("backfill", *words[started], "--apply", "--yes", dsn=clinic.dsn).code in {0, 1}
    assert clinic.execute(SEEN) == [(1, "done")]


def test_the_question_names_the_run_that_is_resumed() -> None:
    plan = ProposedBackfill("public.recordings", JudgedPlan("1.csv", {"holds": 2}), resumes=7)
    assert question(plan) == "Resume run 7 in public.recordings?"
    new = msgspec.structs.replace(plan, resumes=None)
    assert question(new) == "Set the pet of 2 recordings in public.recordings?"
