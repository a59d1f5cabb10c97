"""What a plan says, what a run does and what its files hold are the same numbers."""

import csv
import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.plugins.command import Petrec
from tests.plugins.databases import Database, MakeDatabase
from tests.plugins.templates import DATA, SHAPES

JSON = ("--format", "json")


def told(petrec: Petrec, clinic: Database, *arguments: str) -> dict[str, Any]:
    ended = petrec(*arguments, *JSON, dsn=clinic.dsn)
    assert ended.code in {0, 1}, ended.err
    return dict(json.loads(ended.out))


def lines_in(file: Path) -> int:
    with file.open(encoding="utf-8-sig", newline="") as opened:
        return len(list(csv.DictReader(opened)))


@pytest.mark.few(2)
@pytest.mark.parametrize("shape", SHAPES)
def test_plan_run_files_and_reports_agree(
    petrec: Petrec, database: MakeDatabase, tmp_path: Path, shape: str
) -> None:
    clinic = database(shape)
    if shape == "renamed":
        (tmp_path / "petrec.toml").write_bytes((DATA / "shapes" / "renamed.toml").read_bytes())
    kinds = {kind["id"]: kind for kind in told(petrec, clinic, "audit")["kinds"]}
    people = sum(k["count"] for k in kinds.values() if k["repair"] == "review")
    plan = told(petrec, clinic, "backfill")
    planned = sum(strategy["count"] for strategy in plan["strategies"])
    assert planned == kinds["missing_inferable"]["count"]
    assert (plan["left"], plan["ambiguous"]) == (people, kinds["missing_ambiguous"]["count"])
    listed, cases = tmp_path / "ambiguous.csv", tmp_path / "cases.csv"
    done = told(petrec, clinic, "backfill", "--apply", "--yes", "--export", str(listed))
    assert done["run"]["planned"] == done["run"]["changed"] == planned
    assert (done["left"], done["ambiguous"]) == (plan["left"], plan["ambiguous"])
    assert lines_in(listed) == plan["ambiguous"]
    told(petrec, clinic, "review", "export", str(cases))
    assert lines_in(cases) == people
    (run,) = told(petrec, clinic, "runs", "list")["runs"]
    assert (run["planned"], run["changed"], run["skipped"]) == (planned, planned, 0)
    assert len(told(petrec, clinic, "runs", "show", "1")["changes"]) == planned
    preview = told(petrec, clinic, "runs", "undo", "1", "--plan")
    assert (preview["restored"], preview["left"]) == (planned, 0)


def test_the_sentences_have_the_numbers_of_the_payload(petrec: Petrec, clinic: Database) -> None:
    plan = told(petrec, clinic, "backfill")
    shown = petrec("backfill", dsn=clinic.dsn).out
    assert f"{plan['left']} recordings need a person" in shown
    assert f"--apply also writes the {plan['ambiguous']} ambiguous ones to a CSV" in shown
    applied = petrec("backfill", "--apply", "--yes", dsn=clinic.dsn).out
    found = re.search(r"ambiguous rows: (\S+)", applied)
    assert found is not None
    counts = dict(re.findall(r"^(.+?) +│ +(\d+)$", applied, re.MULTILINE))
    assert counts["left for a person"] == str(plan["left"])
    assert counts["ambiguous ones among them"] == str(plan["ambiguous"])
