"""What the database could not store is not offered, and refused by line."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from petrec.postgres.foreseen import obstacles, what_is_lacking
from petrec.postgres.preflight import load_schema
from petrec.settings import Settings
from tests.plugins.case_files import FIRST, candidates, decide, read_csv
from tests.plugins.cluster import Cluster
from tests.plugins.command import Petrec, environment
from tests.plugins.databases import Database, MakeDatabase
from tests.plugins.exports import Exported

# The first eighth, of whatever kind: ids are spread evenly.
LAST = "2"
APPLY = ("--apply", "--yes", "-q", "--format", "json")
NEEDS_VALUE = "ALTER TABLE appointment_pets ADD added_at timestamptz NOT NULL DEFAULT now();"
NO_DEFAULT = "ALTER TABLE appointment_pets ALTER added_at DROP DEFAULT;"
VETO = """
CREATE FUNCTION veto() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  RAISE EXCEPTION 'not %', NEW::text USING ERRCODE = 'VET01'; END $$;
CREATE TRIGGER veto AFTER INSERT ON appointment_pets FOR EACH ROW EXECUTE FUNCTION veto();
"""
OBSTACLES = {
    "rule": "CREATE RULE r AS ON UPDATE TO recordings WHERE false DO ALSO SELECT 1",
    "generated": """ALTER TABLE recordings DROP pet_id CASCADE;
                    ALTER TABLE recordings ADD pet_id uuid GENERATED ALWAYS AS (id) STORED""",
    "publication": """CREATE PUBLICATION p FOR TABLE recordings;
                      ALTER TABLE recordings REPLICA IDENTITY NOTHING""",
}


def some(row: dict[str, str]) -> dict[str, str]:
    """Choose the first candidate of some of the cases that have any."""
    return FIRST if candidates(row) and row["recording_id"] < LAST else {}


def verdicts(path: Path) -> set[tuple[str, bool]]:
    """Return the verdicts offered, and whether with an appointment."""
    return {(c[1], c[3] is not None) for row in read_csv(path) for c in candidates(row)}


def test_a_column_without_a_value_in_appointment_pets(
    petrec: Petrec, clinic: Database, exported: Exported, tmp_path: Path
) -> None:
    cases = exported("cases.csv")
    clinic.execute(NEEDS_VALUE + NO_DEFAULT)
    assert petrec("review", "export", "after.csv", dsn=clinic.dsn).code == 0
    before, after = verdicts(cases), verdicts(tmp_path / "after.csv")
    assert ("link", True) in before
    assert after == before - {("link", True)}
    decided = decide(cases)
    planned = json.loads(
        petrec("review", "import", str(decided), "--format", "json", dsn=clinic.dsn).out
    )
    chosen = [row for row in read_csv(decided) if candidates(row)[0][1] == "link"]
    told = {problem["recording_id"] for problem in planned["problems"]
            if "appointment_pets needs a value for added_at" in problem["reason"]}  # fmt: skip
    assert told >= {row["recording_id"] for row in chosen} != set()


def test_a_refused_link_leaves_the_other_decisions_alone(
    petrec: Petrec, clinic: Database, exported: Exported
) -> None:
    decided = decide(exported("cases.csv"), some)
    rows = [row for row in read_csv(decided) if row["decision"]]
    links = {row["recording_id"] for row in rows if candidates(row)[0][1] == "link"}
    clinic.execute(VETO)
    ended = petrec("review", "import", str(decided), *APPLY, dsn=clinic.dsn)
    assert ended.code == 1, ended.err
    told = json.loads(ended.out)
    refused = {row["recording_id"]: row["reason"] for row in told["skipped"]}
    reason = 'refused by trigger "veto" on appointment_pets (function veto) (SQLSTATE VET01)'
    assert set(refused) <= links
    assert set(refused.values()) == {reason}
    assert told["run"]["changed"] == len(rows) - len(refused) > 0
    assert clinic.execute("SELECT count(*) FROM petrec.links WHERE action = 'added'") == [(0,)]
    clinic.execute("DROP TRIGGER veto ON appointment_pets")
    again = json.loads(petrec("review", "import", str(decided), *APPLY, dsn=clinic.dsn).out)
    assert (again["run"]["changed"], again["skipped"]) == (len(refused), [])


def test_an_appointment_that_must_be_there(
    petrec: Petrec, clinic: Database, exported: Exported, tmp_path: Path
) -> None:
    cases = exported("cases.csv")
    clinic.execute("DELETE FROM recordings WHERE appointment_id IS NULL")
    clinic.execute("ALTER TABLE recordings ALTER appointment_id SET NOT NULL")
    assert petrec("review", "export", "after.csv", dsn=clinic.dsn).code == 0
    assert ("assign", False) in verdicts(cases)
    assert ("assign", False) not in verdicts(tmp_path / "after.csv")

    def without(row: dict[str, str]) -> dict[str, str]:
        chosen = [i for i, c in enumerate(candidates(row), 1) if row["appointment_id"] and not c[3]]
        return {"decision": str(chosen[0]), "reviewer": "Ada"} if chosen else {}

    decided = decide(cases, without)
    planned = petrec("review", "import", str(decided), "--format", "json", dsn=clinic.dsn)
    chosen = {row["recording_id"] for row in read_csv(decided) if row["decision"]}
    told = {problem["recording_id"] for problem in json.loads(planned.out)["problems"]
            if "must have an appointment" in problem["reason"]}  # fmt: skip
    assert told == chosen != set()


def test_a_trigger_that_keeps_a_pet_out_of_an_appointment(
    petrec: Petrec, clinic: Database, exported: Exported
) -> None:
    decided = decide(exported("cases.csv"), some)
    rows = [row for row in read_csv(decided) if row["decision"]]
    links = {row["recording_id"] for row in rows if candidates(row)[0][1] == "link"}
    before = clinic.execute("SELECT * FROM appointment_pets ORDER BY 1, 2")
    body = "RAISE EXCEPTION 'not %', NEW::text USING ERRCODE = 'VET01';"
    clinic.execute(VETO.replace(body, "RETURN NULL;").replace("AFTER INSERT", "BEFORE INSERT"))
    ended = petrec("review", "import", str(decided), *APPLY, dsn=clinic.dsn)
    assert ended.code == 1, ended.err
    told = json.loads(ended.out)
    kept = {row["recording_id"] for row in told["skipped"]}
    assert kept <= links
    assert {row["reason"] for row in told["skipped"]} == {
        "a trigger prevented adding the pet to the appointment"
    }
    assert told["run"]["changed"] == len(rows) - len(kept) > 0
    assert clinic.execute("SELECT * FROM appointment_pets ORDER BY 1, 2") == before


@pytest.mark.few(3)
@pytest.mark.parametrize("name", OBSTACLES)
def test_what_would_refuse_every_row_is_foreseen(
    database: MakeDatabase, any_cluster: Cluster, name: str
) -> None:
    clinic = database("clinic", any_cluster)
    url = clinic.dsn.replace("postgresql:", "postgresql+psycopg:")
    with create_engine(url, poolclass=NullPool).connect() as connection:
        schema = load_schema(connection, Settings().mapping)
        assert obstacles(connection, schema, ("pet_id",), "INSERT") == []
        lacking = what_is_lacking(connection, schema)
        assert lacking.against(links=True, before="a", after=None) is None
        connection.commit()
        clinic.execute(OBSTACLES[name])
        assert len(obstacles(connection, schema, ("pet_id",), "DELETE")) == 1


def test_a_disk_that_fills_up_amid_the_cases_ends_the_export(
    clinic: Database, tmp_path: Path
) -> None:
    limited = ["bash", "-c", 'ulimit -f 8; exec "$@"', "-", sys.executable, "-m", "petrec"]
    ended = subprocess.run(
        [*limited, "review", "export", "cases.csv"], cwd=tmp_path, text=True, timeout=120,
        env=environment(PETREC_DATABASE_URL=clinic.dsn), capture_output=True, check=False,
    )  # fmt: skip
    assert (ended.returncode, "cannot write cases.csv" in ended.stderr) == (3, True), ended.stderr
    assert list(tmp_path.iterdir()) == []
