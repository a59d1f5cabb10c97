"""What petrec answers does not depend on which of its equal writings a table has of an id.

Each answer is compared with that about a twin of the clinic whose tables write every id alike.
"""

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.plugins.api import Api
from tests.plugins.case_files import read_csv
from tests.plugins.command import Petrec
from tests.plugins.databases import Database, MakeDatabase
from tests.plugins.writings import OF_EACH_TYPE, Writing, plainly

COMMANDS = (
    *("audit", "audit --by practice", "audit --by vet", "audit --by appointment_id"),
    *("audit --rows missing_inferable", "backfill", "validate", "report --no-history"),
    *("constraints plan --keep visits", "review status", "backfill --apply --yes", "audit"),
    "runs undo 1 --yes",
)
# What two runs of one command differ in.
_VOLATILE = {"taken_at", "database", "place", "free", "path", "run", "export", "script", "title"}
_STAFF = {"x-user": "1", "x-role": "vet", "x-practice": "1"}
_OWNER = {"x-user": "9", "x-role": "owner", "x-owner": "3"}
_EVERYTHING = {"x-user": "9", "x-role": "admin"}
# The prefixes of ids on the wire.
_PREFIX = re.compile('"(?:pet|appt|rec|visit|vet|user|owner|practice)-')
_LISTS = ("/recordings/?limit=100", "/visits/?limit=100")
CERTAIN = """
WITH listed AS (SELECT appointment_id, min(pet_id::text) AS pet FROM appointment_pets
    GROUP BY appointment_id HAVING count(DISTINCT pet_id) = 1)
SELECT count(*) FROM recordings r
LEFT JOIN appointments a ON a.id = r.appointment_id
LEFT JOIN visits v ON v.id = r.visit_id LEFT JOIN pets p ON p.id = v.pet_id
LEFT JOIN listed l ON l.appointment_id = r.appointment_id
WHERE r.pet_id IS NULL AND (r.appointment_id IS NULL OR a.id IS NOT NULL)
  AND (v.appointment_id = r.appointment_id) IS NOT FALSE
  AND (a.id IS NULL OR v.pet_id IS NULL OR EXISTS (SELECT FROM appointment_pets o
       WHERE o.appointment_id = r.appointment_id AND o.pet_id = v.pet_id))
  AND (p.id IS NOT NULL OR l.pet IS NOT NULL)"""
SILENT = """
SELECT r.id::text, min(p.name) FROM recordings r
JOIN appointment_pets l ON l.appointment_id = r.appointment_id JOIN pets p ON p.id = l.pet_id
WHERE r.pet_id IS NULL AND NOT EXISTS (SELECT FROM recordings o
  WHERE o.appointment_id = r.appointment_id AND o.pet_id = p.id)
  AND (SELECT count(*) FROM appointment_pets m WHERE m.appointment_id = r.appointment_id) > 1
  AND r.visit_id IS NULL
GROUP BY r.id HAVING count(*) = 1 ORDER BY r.id::text"""
OF_VISITS = """
SELECT v.id::text, (SELECT count(*) FROM recordings r JOIN pets p ON p.id = r.pet_id
  WHERE r.visit_id = v.id) FROM visits v ORDER BY v.id::text"""


def _plain(answer: Any) -> Any:
    if isinstance(answer, dict):
        return {name: _plain(value) for name, value in answer.items() if name not in _VOLATILE}
    return [_plain(value) for value in answer] if isinstance(answer, list) else answer


def _answers(petrec: Petrec, clinic: Database, commands: Sequence[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for number, command in enumerate(commands):
        rows = "--rows" in command
        ended = petrec(*command.split(), "--format", "jsonl" if rows else "json", dsn=clinic.dsn)
        assert ended.code in {0, 1}, ended.err
        lines = ended.out.splitlines() if rows else [ended.out]
        found[f"{number} {command}"] = [_plain(json.loads(plainly(line))) for line in lines]
    return found


@pytest.mark.parametrize("writing", OF_EACH_TYPE)
def test_commands_answer_alike(petrec: Petrec, database: MakeDatabase, writing: Writing) -> None:
    clinics = [writing.clinic(database, mixed=mixed) for mixed in (False, True)]
    commands = [each for each in COMMANDS if "--by" not in each or not writing.has_collation]
    expected, found = (_answers(petrec, each, commands) for each in clinics)
    for command, answer in found.items():
        assert answer == expected[command], command
    ((planned,),) = clinics[1].execute(CERTAIN)
    assert clinics[1].execute("SELECT planned FROM petrec.runs WHERE id = 1") == [(planned,)]
    assert planned > 1


def _cases(petrec: Petrec, clinic: Database, directory: Path) -> list[dict[str, str]]:
    assert petrec("review", "export", "cases.csv", "--force", dsn=clinic.dsn).code == 0
    rows = read_csv(directory / "cases.csv")
    return [{k: plainly(v).lower() for k, v in row.items() if k != "state"} for row in rows]


@pytest.mark.parametrize("writing", OF_EACH_TYPE)
def test_cases_have_the_same_candidates_and_suggestions(
    petrec: Petrec, database: MakeDatabase, tmp_path: Path, writing: Writing
) -> None:
    clinics = [writing.clinic(database, mixed=mixed) for mixed in (False, True)]
    expected, found = (_cases(petrec, each, tmp_path) for each in clinics)
    assert found == expected
    silent = "all other pets of the appointment"
    told = {
        row["recording_id"]: line
        for row in found
        for line in row["suggestions"].splitlines()
        if silent in line and row["kind"] == "missing_ambiguous"
    }
    for recording, pet in clinics[1].execute(SILENT):
        assert f" {pet.lower()}: " in told[plainly(recording).lower()]


def _seen(api: Api, writing: Writing) -> list[Any]:
    """Return what each caller sees, by ids that are written otherwise than in the tables."""
    found = []
    visit, pet = (writing.write(number, otherwise=True) for number in (4, 5))
    for caller in (_STAFF, _OWNER):
        headers = {
            name: writing.write(int(each), otherwise=True) if each.isdigit() else each
            for name, each in caller.items()
        }
        for path in (*_LISTS, f"/visits/{visit}", f"/recordings/?pet_id={pet}"):
            answer = api.client.get(f"/api/v1{path}", headers=headers)
            assert answer.status_code in {200, 404}, answer.text
            found.append(json.loads(plainly(_PREFIX.sub('"', answer.text))))
    return found


@pytest.mark.parametrize("writing", OF_EACH_TYPE)
def test_the_api_shows_the_same(
    make_api: Callable[..., Api], database: MakeDatabase, writing: Writing
) -> None:
    apis = [make_api(database=writing.clinic(database, mixed=mixed)) for mixed in (False, True)]
    expected, found = (_seen(api, writing) for api in apis)
    assert found == expected
    visits = apis[1].client.get("/api/v1/visits/?limit=100", headers=_EVERYTHING).json()
    shown = {visit["id"].partition("-")[2]: len(visit["recordings"]) for visit in visits}
    counted = dict(apis[1].database.execute(OF_VISITS))
    assert shown.keys() == counted.keys()
    assert any(counted.values())
    assert all(shown[visit] >= count for visit, count in counted.items())
