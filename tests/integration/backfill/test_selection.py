"""A part of the recordings is planned, applied, exported and resumed as one selection."""

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.plugins.command import Petrec, Spawn
from tests.plugins.databases import Database, MakeDatabase
from tests.plugins.runs import APPLY, changed, state
from tests.plugins.templates import DATA
from tests.plugins.waiting import until

OF_PRACTICE = """
SELECT r.id::text FROM recordings r JOIN appointments a ON a.id = r.appointment_id
WHERE a.practice_id::text = %s AND r.pet_id IS NULL AND 1 {} (
  SELECT count(*) FROM appointment_pets ap WHERE ap.appointment_id = a.id) ORDER BY 1"""


def practices(clinic: Database) -> list[str]:
    """Return the practices, the one with the most appointments first."""
    query = "SELECT practice_id::text FROM appointments GROUP BY 1 ORDER BY count(*) DESC, 1"
    return [row[0] for row in clinic.execute(query)]


def ids(clinic: Database, practice: str, sign: str = "=") -> list[str]:
    """Return a practice's recordings whose appointment has one pet, or with `<` several."""
    return [row[0] for row in clinic.execute(OF_PRACTICE.format(sign), (practice,))]


def told(petrec: Petrec, clinic: Database, *arguments: str) -> dict[str, Any]:
    ended = petrec("backfill", *arguments, "--format", "json", dsn=clinic.dsn)
    assert ended.code == 0, ended.err
    return dict(json.loads(ended.out))


def test_plan_apply_and_export_are_of_one_practice(
    petrec: Petrec, clinic: Database, tmp_path: Path
) -> None:
    practice, *others = practices(clinic)
    assert others
    certain, ambiguous = ids(clinic, practice), ids(clinic, practice, "<")
    assert 0 < len(certain) < 395
    condition = f"practice_id = {practice}"
    where = ("--where", f"practice_id={practice}")
    plan = told(petrec, clinic, *where)
    assert sum(s["count"] for s in plan["strategies"]) == len(certain)
    assert (plan["ambiguous"], plan["only"]) == (len(ambiguous), [condition])
    listed = tmp_path / "ambiguous.csv"
    applied = ("--apply", "--yes", *where, "--export", str(listed))
    done = told(petrec, clinic, *applied)
    assert (done["run"]["changed"], done["ambiguous"]) == (len(certain), len(ambiguous))
    assert done["run"]["target"]["only"] == [condition]
    keys = clinic.execute("SELECT row_key[1] FROM petrec.changes ORDER BY 1")
    assert [key for (key,) in keys] == certain
    with listed.open(encoding="utf-8-sig", newline="") as file:
        assert [row["recording_id"] for row in csv.DictReader(file)] == ambiguous
    assert condition in petrec("runs", "list", dsn=clinic.dsn).out
    rest = told(petrec, clinic, "--apply", "--yes")
    assert rest["run"]["changed"] == 395 - len(certain)


def test_conditions_and_limit_hold_together(petrec: Petrec, clinic: Database) -> None:
    practice = practices(clinic)[0]
    certain = ids(clinic, practice)
    chosen = certain[:3]
    clinic.execute("UPDATE recordings SET created_at = now() - interval '90 days'")
    clinic.execute(
        "UPDATE recordings SET created_at = now() - interval '1 day' WHERE id::text = ANY(%s)",
        (chosen,),
    )
    part = ("--where", f"appointments.practice_id={practice}", "--since", "7d")
    assert told(petrec, clinic, *part)["strategies"][-1]["count"] == 3
    done = told(petrec, clinic, "--apply", "--yes", *part, "--limit", "2")
    assert (done["run"]["changed"], done["certain"]) == (2, 1)
    keys = {key for (key,) in clinic.execute("SELECT row_key[1] FROM petrec.changes")}
    assert keys < set(chosen)


def test_a_column_of_the_recordings_goes_before_one_of_appointments(
    petrec: Petrec, clinic: Database
) -> None:
    ((one,),) = clinic.execute("SELECT id::text FROM recordings WHERE pet_id IS NULL"
                               " AND appointment_id IS NOT NULL LIMIT 1")  # fmt: skip
    plan = told(petrec, clinic, "--where", f"id={one}")
    assert sum(s["count"] for s in plan["strategies"]) + plan["left"] == 1


@pytest.mark.no_journal
@pytest.mark.few(3)
@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ("practice_id", "is not COLUMN=VALUE"),
        ("nothing=1", "no column 'nothing' in recordings or appointments"),
        ("appointments.pet_id=1", "no column 'pet_id' in appointments"),
        ("practice_id=vet' OR true --", "not a uuid that can be compared"),
        ("created_at=yesterday-ish", "not a timestamp with time zone that can be compared"),
    ],
)
def test_a_wrong_condition_is_refused_before_anything_is_planned(
    petrec: Petrec, clinic: Database, condition: str, words: str
) -> None:
    for more in ((), ("--apply", "--yes")):
        ended = petrec("backfill", *more, "--where", condition, dsn=clinic.dsn)
        assert (ended.code, words in ended.err) == (2, True), ended.err
    assert clinic.execute("SELECT to_regnamespace('petrec')") == [(None,)]


def test_names_are_those_of_the_mapping_or_of_the_database(
    database: MakeDatabase, petrec: Petrec, tmp_path: Path
) -> None:
    renamed = database("renamed")
    shutil.copy(DATA / "shapes" / "renamed.toml", tmp_path / "petrec.toml")
    whole = told(petrec, renamed)
    counted = sum(s["count"] for s in whole["strategies"])
    columns = renamed.execute(
        "SELECT table_schema, table_name, column_name FROM information_schema.columns"
        " WHERE column_name ILIKE '%practice%'"
    )
    assert columns
    schema, table, column = columns[0]
    values = renamed.execute(f'SELECT DISTINCT "{column}"::text FROM "{schema}"."{table}"')
    parts = [told(petrec, renamed, "--where", f"{column}={value}") for (value,) in values]
    assert sum(s["count"] for part in parts for s in part["strategies"]) == counted


def test_a_resumed_selection_is_the_one_that_was_planned(
    petrec: Petrec, spawn: Spawn, clinic: Database
) -> None:
    practice, other, *_ = practices(clinic)
    certain = ids(clinic, practice)
    where = ("--where", f"practice_id={practice}")
    process = spawn(*APPLY, *where, "--max-rows-per-second", "20", dsn=clinic.dsn)
    until(lambda: changed(clinic) > 1)
    process.kill()
    process.wait()
    for given in ((), ("--where", f"practice_id={other}")):
        refused = petrec(*APPLY, *given, dsn=clinic.dsn)
        assert refused.code == 2
        assert f"unfinished run 1 was planned for practice_id = {practice}" in refused.err
        assert "petrec runs resume 1" in refused.err
    assert petrec("runs", "resume", "1", "--yes", dsn=clinic.dsn).code == 0
    assert state(clinic)[0] == "done"
    keys = clinic.execute("SELECT row_key[1] FROM petrec.changes ORDER BY 1")
    assert [key for (key,) in keys] == certain
