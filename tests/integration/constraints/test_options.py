"""The options: what each adds, and what must be repaired before."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.plugins.binaries import client_program
from tests.plugins.clean import clean, digest
from tests.plugins.command import Petrec
from tests.plugins.databases import Database, MakeDatabase
from tests.plugins.templates import DATA

SHAPES = DATA / "shapes"
APPLY = ("constraints", "apply", "--yes", "--format", "json", "--group", "required")
MEMBERS = """DELETE FROM recordings r WHERE NOT EXISTS (SELECT FROM appointment_pets a
             WHERE (a.appointment_id, a.pet_id) = (r.appointment_id, r.pet_id))"""
APPOINTMENTS = """DELETE FROM recordings r WHERE appointment_id IS NOT NULL
    AND NOT EXISTS (SELECT FROM appointments a WHERE a.id = r.appointment_id)"""


def keys(clinic: Database) -> dict[str, str]:
    return dict(clinic.execute("SELECT conname, confdeltype FROM pg_constraint WHERE convalidated"))


def test_the_gate_names_the_kinds(petrec: Petrec, clinic: Database) -> None:
    before = digest(clinic)
    ended = petrec(*APPLY, "--membership", "--appointment-fk", dsn=clinic.dsn)
    found = json.loads(ended.out)
    assert (ended.code, digest(clinic)) == (1, before)
    audit = json.loads(petrec("audit", "--format", "json", dsn=clinic.dsn).out)
    assert {"missing_inferable", "dangling_pet", "mismatched"} <= set(found["kinds"])
    assert set(found["counts"]) == {
        "recordings_pet_id_not_null", "fk_recordings_pet_id", "fk_recordings_membership",
        "fk_recordings_appointment_id",
    }  # fmt: skip
    missing = sum(n for kind, n in found["kinds"].items() if kind.startswith("missing"))
    assert found["counts"]["recordings_pet_id_not_null"] == missing
    assert str(found["kinds"]["missing_inferable"]) in json.dumps(audit)
    assert "petrec review export" in petrec("constraints", "apply", "--yes", dsn=clinic.dsn).out


@pytest.mark.parametrize(
    ("option", "name", "repair"),
    [
        ("--membership", "fk_recordings_membership", MEMBERS),
        ("--appointment-fk", "fk_recordings_appointment_id", APPOINTMENTS),
    ],
)
def test_a_constraint_is_refused_until_its_rows_are_repaired(
    petrec: Petrec, clinic: Database, option: str, name: str, repair: str
) -> None:
    clean(clinic).execute("""UPDATE recordings SET appointment_id = gen_random_uuid()
                             WHERE id = (SELECT min(id::text)::uuid FROM recordings)""")
    before = digest(clinic)
    ended = petrec(*APPLY, option, dsn=clinic.dsn)
    assert (ended.code, set(json.loads(ended.out)["counts"])) == (1, {name})
    assert digest(clinic) == before
    clinic.execute(repair)
    assert petrec(*APPLY, option, dsn=clinic.dsn).code == 0
    assert keys(clinic)[name] == "a"


def test_restrict_is_made_and_another_wish_is_refused(petrec: Petrec, clinic: Database) -> None:
    clean(clinic)
    assert petrec(*APPLY, "--on-delete", "restrict", dsn=clinic.dsn).code == 0
    assert keys(clinic)["fk_recordings_pet_id"] == "r"
    assert petrec(*APPLY, dsn=clinic.dsn).code == 2


def test_tables_under_other_names_get_constraints_and_lose_them(
    petrec: Petrec, database: MakeDatabase
) -> None:
    renamed = database("renamed")
    renamed.execute("""DELETE FROM "vet data"."Audio Files" r WHERE NOT EXISTS (
        SELECT FROM "vet data"."user" p WHERE p."ID" = r."pet%id")""")
    config = ("--config", str(SHAPES / "renamed.toml"))
    apply = ("constraints", "apply", "--yes", *config)
    ended = petrec(*apply, dsn=renamed.dsn)
    assert ended.code == 0, ended.err
    assert petrec("constraints", "status", *config, dsn=renamed.dsn).code == 0
    back = petrec("constraints", "rollback", "--yes", "--drop-visits", *config, dsn=renamed.dsn)
    assert back.code == 0, back.err
    assert petrec(*apply, dsn=renamed.dsn).code == 0


def test_psql_runs_the_plan(petrec: Petrec, clinic: Database, tmp_path: Path) -> None:
    clean(clinic)
    script = tmp_path / "plan.sql"
    written = petrec("constraints", "plan", "--sql", "--output", str(script), dsn=clinic.dsn)
    assert written.code == 0, written.err
    command = [str(client_program("psql")), "-X", "-q", "-d", clinic.dsn, "-f", str(script)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert petrec("constraints", "status", dsn=clinic.dsn).code == 0
