"""What a trigger makes of a row is journaled as it is, and never counted as got its pet."""

import json

import pytest

from tests.plugins.command import Petrec
from tests.plugins.databases import Database, MakeDatabase
from tests.plugins.runs import APPLY, CERTAIN, UNDO, mark, result

FUNCTION = """
CREATE FUNCTION meddle() RETURNS trigger LANGUAGE plpgsql SET search_path = public AS $$ BEGIN
  IF EXISTS (SELECT FROM marked WHERE id = NEW.id) AND NEW.pet_id IS NOT NULL
     AND pg_trigger_depth() = 1 THEN {body} END IF;
  RETURN NEW;
END $$;
"""
OTHER = "(SELECT p.id FROM pets p WHERE p.id <> NEW.pet_id ORDER BY 1 LIMIT 1)"
BEFORE = "CREATE TRIGGER m BEFORE UPDATE ON recordings FOR EACH ROW EXECUTE FUNCTION meddle()"
AFTER = BEFORE.replace("BEFORE", "AFTER")
LATE = AFTER.replace("CREATE", "CREATE CONSTRAINT").replace("FOR", "INITIALLY DEFERRED FOR")
WROTE, SUPPRESSED = "a trigger wrote another value", "a trigger suppressed the change"
TRIGGERS = {
    "nulls": (BEFORE, "NEW.pet_id := NULL;", WROTE),
    "replaces": (BEFORE, f"NEW.pet_id := {OTHER};", WROTE),
    "suppresses": (BEFORE, "RETURN NULL;", SUPPRESSED),
    "replaces_after": (
        AFTER, f"UPDATE recordings SET pet_id = {OTHER} WHERE id = NEW.id;", WROTE),
    "nulls_late": (LATE, "UPDATE recordings SET pet_id = NULL WHERE id = NEW.id;", WROTE),
    "moves": (BEFORE, "NEW.appointment_id := (SELECT max(id::text)::uuid FROM appointments);",
              "a trigger moved the recording to another appointment"),
    "deletes": (AFTER, "DELETE FROM recordings WHERE id = NEW.id;",
                "a trigger deleted the recording or changed its key"),
}  # fmt: skip
JOURNAL = """SELECT c.row_key[1], c.new ->> 'pet_id', r.pet_id::text FROM petrec.changes c
             JOIN recordings r ON r.id = c.row_key[1]::uuid WHERE c.run_id = 1"""


@pytest.mark.few(2)
@pytest.mark.parametrize("name", TRIGGERS)
def test_a_row_that_a_trigger_rewrites_is_counted_apart(
    petrec: Petrec, database: MakeDatabase, name: str
) -> None:
    clinic = database()
    chosen = [row[0] for row in clinic.execute(CERTAIN)][::80]
    mark(clinic, chosen)
    before = clinic.checksum()
    trigger, body, reason = TRIGGERS[name]
    clinic.execute(FUNCTION.format(body=body) + trigger)
    ended = petrec(*APPLY, "--format", "json", dsn=clinic.dsn)
    assert ended.code == 1, ended.err
    told = result(ended)
    counts = told["run"]["changed"], told["rewritten"], told["refused"]
    assert counts == (395 - len(chosen), len(chosen), 0)
    listed = {row["recording_id"]: row["reason"] for row in told["not_written"]}
    assert listed == dict.fromkeys(map(str, chosen), reason)
    assert [row for row in clinic.execute(JOURNAL) if row[1] != row[2]] == []
    clinic.execute("ALTER TABLE recordings DISABLE TRIGGER m")
    undone = petrec(*UNDO, dsn=clinic.dsn)
    if name != "deletes":
        assert (undone.code, clinic.checksum()) == (0, before), json.loads(undone.out)


def test_a_trigger_that_changes_the_key(petrec: Petrec, clinic: Database) -> None:
    chosen = [row[0] for row in clinic.execute(CERTAIN)][::80]
    mark(clinic, chosen)
    body = "NEW.id := overlay(NEW.id::text PLACING 'ffffffff' FROM 1)::uuid;"
    clinic.execute(FUNCTION.format(body=body) + BEFORE)
    told = result(petrec(*APPLY, "--format", "json", dsn=clinic.dsn))
    assert (told["run"]["changed"], told["not_written"]) == (395, [])
    assert [row for row in clinic.execute(JOURNAL) if row[1] != row[2]] == []
    kept = "SELECT count(*) FROM petrec.changes WHERE old_key[1]::uuid IN (SELECT id FROM marked)"
    assert clinic.execute(kept) == [(len(chosen),)]
    undone = result(petrec(*UNDO, dsn=clinic.dsn))
    assert (undone["run"]["changed"], undone["moved_on"]) == (395, [])
