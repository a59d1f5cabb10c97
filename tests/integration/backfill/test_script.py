"""The script of a batch does in psql what a run does, and leaves nothing behind."""

import csv
import io
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.plugins.binaries import client_program
from tests.plugins.cluster import Cluster
from tests.plugins.command import Petrec
from tests.plugins.databases import Database, MakeDatabase
from tests.plugins.runs import APPLY
from tests.plugins.templates import DATA, SHAPES

REWRITES = """
CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN NEW.updated_at := now() + interval '1 day'; RETURN NEW; END $$;
CREATE TRIGGER stamp BEFORE UPDATE ON recordings FOR EACH ROW EXECUTE FUNCTION stamp();
CREATE FUNCTION looked() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER looked AFTER UPDATE ON recordings DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION looked()"""


def run_script(script: Path, database: Database, *options: str) -> str:
    """Return what psql prints, unaligned and with commas."""
    psql = [str(client_program("psql")), "-X", "--csv", *options]
    ended = subprocess.run(
        [*psql, "-d", database.dsn, "-f", str(script)], text=True, capture_output=True, check=False
    )
    assert (ended.returncode, ended.stderr) == (0, ""), ended.stderr
    return ended.stdout


def changes_in(printed: str) -> dict[str, Any]:
    """Return the new values by key from the listing at the end."""
    listing = printed[printed.index("row_key,old,new") :]
    found: dict[str, Any] = {}
    for row in csv.DictReader(io.StringIO(listing)):
        if not row["new"]:
            break
        found[row["row_key"]] = json.loads(row["new"])
    return found


def journaled(database: Database) -> dict[str, Any]:
    query = "SELECT row_key::text, new FROM petrec.changes"
    return {str(key): new for key, new in database.execute(query)}


@pytest.mark.no_journal
@pytest.mark.few(2)
@pytest.mark.parametrize("shape", SHAPES)
def test_the_script_changes_what_a_run_changes(
    database: MakeDatabase, petrec: Petrec, tmp_path: Path, shape: str
) -> None:
    there, script = database(shape), tmp_path / "batch.sql"
    if shape == "renamed":
        shutil.copy(DATA / "shapes" / "renamed.toml", tmp_path / "petrec.toml")
    sql = ("backfill", "--sql", "--limit", "1000", "--output", str(script))
    assert petrec(*sql, dsn=there.dsn).code == 0
    before = there.checksum()
    would_change = changes_in(run_script(script, there))
    assert there.checksum() == before
    assert there.execute("SELECT to_regnamespace('petrec')") == [(None,)]
    explained = run_script(script, there, "-v", "explain=EXPLAIN (ANALYZE, BUFFERS)")
    assert explained.count("Execution Time") >= 5
    assert changes_in(explained) == would_change
    assert there.checksum() == before
    assert petrec(*APPLY, dsn=there.dsn).code == 0
    assert would_change == journaled(there)
    assert len(would_change) > 300


@pytest.mark.parametrize("change", [REWRITES, "ALTER TABLE appointment_pets DROP CONSTRAINT {}"])
def test_triggers_and_missing_keys_are_part_of_it(
    petrec: Petrec, clinic: Database, tmp_path: Path, change: str
) -> None:
    ((key,),) = clinic.execute("SELECT conname FROM pg_constraint WHERE contype = 'f'"
                               " AND conrelid = 'appointment_pets'::regclass"
                               " AND confrelid = 'appointments'::regclass")  # fmt: skip
    clinic.execute(change.replace("{}", key))
    script = tmp_path / "batch.sql"
    touch = ("--touch", "updated_at")
    sql = ("backfill", "--sql", *touch, "--limit", "1000", "--output", str(script))
    assert petrec(*sql, dsn=clinic.dsn).code == 0
    written = script.read_text()
    expected = "SET CONSTRAINTS ALL IMMEDIATE;" if change is REWRITES else "IN SHARE MODE;"
    assert expected in written
    would_change = changes_in(run_script(script, clinic))
    assert petrec(*APPLY, *touch, dsn=clinic.dsn).code in {0, 1}
    done = journaled(clinic)
    assert {key: new["pet_id"] for key, new in would_change.items()} == {
        key: new["pet_id"] for key, new in done.items()
    }


def test_a_script_is_about_its_part_alone(petrec: Petrec, clinic: Database, tmp_path: Path) -> None:
    practice = clinic.execute("SELECT practice_id::text FROM appointments ORDER BY 1 LIMIT 1")[0][0]
    part = ("--where", f"practice_id={practice}", "--limit", "4")
    script = tmp_path / "batch.sql"
    assert petrec("backfill", "--sql", *part, "--output", str(script), dsn=clinic.dsn).code == 0
    head = script.read_text().splitlines()[:3]
    assert head[0].endswith("the first 4 rows of a backfill of public.recordings")
    assert head[1:] == [
        f"-- {clinic.name} on 127.0.0.1 as postgres",
        f"-- practice_id = {practice}",
    ]
    would_change = changes_in(run_script(script, clinic))
    assert petrec(*APPLY, *part, dsn=clinic.dsn).code == 0
    assert (len(would_change), would_change) == (4, journaled(clinic))


def test_the_script_runs_on_every_version(
    any_cluster: Cluster, database: MakeDatabase, petrec: Petrec, tmp_path: Path
) -> None:
    clinic, script = database("clinic", any_cluster), tmp_path / "batch.sql"
    sql = ("backfill", "--sql", "--limit", "20", "--output", str(script))
    assert petrec(*sql, dsn=clinic.dsn).code == 0
    assert len(changes_in(run_script(script, clinic))) == 20
