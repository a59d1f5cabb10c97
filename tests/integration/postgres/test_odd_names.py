"""Names with percent signs, colons, quotes and dots go through every statement as they are."""

import json
from pathlib import Path

import pytest

from tests.plugins.case_files import FIRST, candidates, decide
from tests.plugins.command import Petrec
from tests.plugins.databases import Database
from tests.plugins.runs import APPLY

CONFIGURATION = """[mapping]
schema = 'sch:e%ma.ü'
[mapping.tables]
recordings = 're.co%rd:ings'
appointment_pets = 'a:p%s."x'
pets = 'p%(x)s'
appointments = ':a'
[mapping.columns.recordings]
id = 'i:d%'
pet_id = 'pet:%s'
appointment_id = 'a.b"c'
"""
# Several owners, appointments of none, one and two pets.
TABLES = """
CREATE SCHEMA "sch:e%ma.ü";
SET search_path = "sch:e%ma.ü";
CREATE DOMAIN "k%:d" AS int;
CREATE TABLE "p%(x)s" (id "k%:d" PRIMARY KEY, owner_id int, name text);
CREATE TABLE ":a" (id "k%:d" PRIMARY KEY, pet_owner_id int);
CREATE TABLE "a:p%s.""x" (appointment_id "k%:d" @KEY, pet_id "k%:d",
    PRIMARY KEY (appointment_id, pet_id));
CREATE TABLE "re.co%rd:ings" ("i:d%" "k%:d" PRIMARY KEY, "a.b""c" "k%:d", "pet:%s" "k%:d");
INSERT INTO "p%(x)s" SELECT n, n % 4, 'Pet ' || n FROM generate_series(1, 30) n;
INSERT INTO ":a" SELECT n, n % 4 FROM generate_series(1, 20) n;
INSERT INTO "a:p%s.""x" SELECT n, n FROM generate_series(1, 15) n;
INSERT INTO "a:p%s.""x" SELECT n, n + 4 FROM generate_series(11, 15) n;
INSERT INTO "re.co%rd:ings" SELECT n, 1 + n % 20 FROM generate_series(1, 60) n;
ALTER TABLE "re.co%rd:ings" ADD CONSTRAINT "c%:d" CHECK (
    ':x%y' NOT LIKE '%:x' AND "i:d%" <> 5 AND "pet:%s" > 0) NOT VALID;
CREATE FUNCTION "f%:x"() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF NEW."i:d%" = 8 THEN RAISE 'eight'; END IF; RETURN NEW; END $$;
CREATE TRIGGER "t%:x" BEFORE UPDATE ON "re.co%rd:ings" FOR EACH ROW EXECUTE FUNCTION "f%:x"();
"""
ROWS = 'SELECT * FROM "sch:e%ma.ü"."re.co%rd:ings" ORDER BY 1'
LINKS = 'SELECT * FROM "sch:e%ma.ü"."a:p%s.""x" ORDER BY 1, 2'


@pytest.mark.few(1)
@pytest.mark.parametrize("key", ['REFERENCES ":a"', ""], ids=["keys", "no_keys"])
def test_a_life_under_odd_names(
    petrec: Petrec, empty_database: Database, tmp_path: Path, key: str
) -> None:
    clinic = empty_database
    clinic.execute(TABLES.replace("@KEY", key))
    (tmp_path / "petrec.toml").write_text(CONFIGURATION)
    before = clinic.execute(ROWS), clinic.execute(LINKS)
    planned = json.loads(petrec("backfill", "--format", "json", dsn=clinic.dsn).out)
    assert planned["obstacles"] == []
    warning = 'constraint "c%:d" is NOT VALID: 1 planned recordings are refused by it and skipped'
    assert warning in planned["warnings"]
    ended = petrec(*APPLY, "--format", "json", dsn=clinic.dsn)
    assert ended.code == 1, ended.err
    told = json.loads(ended.out)
    reasons = {row["recording_id"]: row["reason"] for row in told["not_written"]}
    assert reasons.keys() == {"5", "8"}
    assert 'constraint "c%:d" of re.co%rd:ings' in reasons["5"]
    assert 'trigger "t%:x" on re.co%rd:ings' in reasons["8"]
    assert petrec("review", "export", "cases.csv", dsn=clinic.dsn).code == 0
    path = decide(tmp_path / "cases.csv", lambda row: FIRST if candidates(row) else {})
    wanted = ("--apply", "--yes", "-q", "--format", "json")
    reviewed = petrec("review", "import", str(path), *wanted, dsn=clinic.dsn)
    assert reviewed.code == 0, reviewed.err
    assert json.loads(reviewed.out)["run"]["changed"] > 20
    for run in ("2", "1"):
        undone = petrec("runs", "undo", run, "--yes", "-q", dsn=clinic.dsn)
        assert undone.code == 0, undone.err
    assert (clinic.execute(ROWS), clinic.execute(LINKS)) == before
