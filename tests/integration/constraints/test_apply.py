"""Applying, again, and back, on every version."""

import json

import pytest

from tests.plugins.clean import clean, digest
from tests.plugins.cluster import Cluster
from tests.plugins.command import Petrec
from tests.plugins.databases import Database, MakeDatabase

GUIDE = {
    "idx_recordings_pet_id",
    "idx_recordings_appointment_id",
    "idx_recordings_appointment_pet",
    "idx_recordings_visit_pet",
    "idx_recordings_pet_status",
    "idx_recordings_visit_id",
    "idx_visits_pet_id",
    "idx_visits_appointment_id",
    "idx_visits_visit_date",
}
# A row for each DDL command, even for one that is undone by the next.
LOGGED_DDL = """
CREATE TABLE ddl (tag text);
CREATE FUNCTION note_ddl() RETURNS event_trigger LANGUAGE plpgsql AS
    $$ BEGIN INSERT INTO public.ddl VALUES (tg_tag); END $$;
CREATE EVENT TRIGGER note_ddl ON ddl_command_end EXECUTE FUNCTION note_ddl()
"""


def states(petrec: Petrec, clinic: Database, *options: str) -> dict[str, str]:
    ended = petrec("constraints", "status", "--format", "json", *options, dsn=clinic.dsn)
    assert ended.code in {0, 1}, ended.err
    objects = json.loads(ended.out)["objects"]
    assert ended.code == any(o["presence"] not in {"present", "equivalent"} for o in objects)
    return {each["name"]: each["presence"] for each in objects}


def test_apply_then_nothing_to_do_then_back(
    petrec: Petrec, database: MakeDatabase, any_cluster: Cluster
) -> None:
    clinic = clean(database("clinic", any_cluster))
    before = digest(clinic)
    ended = petrec("constraints", "apply", "--yes", "--format", "json", dsn=clinic.dsn)
    assert ended.code == 0, ended.err
    assert set(states(petrec, clinic).values()) == {"present"}
    applied = digest(clinic)
    assert applied != before
    left = clinic.execute("SELECT FROM pg_constraint WHERE contype = 'c' AND conrelid <> 0")
    assert left == []
    again = petrec("constraints", "apply", "--yes", "--format", "json", dsn=clinic.dsn)
    assert json.loads(again.out)["executed"] == []
    assert petrec("constraints", "rollback", "--yes", dsn=clinic.dsn).code == 0
    assert "fk_recordings_pet_id" not in str(clinic.execute("SELECT conname FROM pg_constraint"))
    assert petrec("constraints", "apply", "--yes", dsn=clinic.dsn).code == 0
    assert digest(clinic) == applied


@pytest.mark.few(1)
@pytest.mark.parametrize("shape", ["text_ids", "integer_ids"])
def test_ids_of_other_types_get_all_constraints(
    petrec: Petrec, database: MakeDatabase, shape: str
) -> None:
    clinic = clean(database(shape))
    ended = petrec("constraints", "apply", "--yes", dsn=clinic.dsn)
    assert ended.code == 0, ended.err
    found = {row[0] for row in clinic.execute("SELECT indexname FROM pg_indexes")}
    assert found >= GUIDE


def test_a_key_with_another_action_is_in_the_way(petrec: Petrec, database: MakeDatabase) -> None:
    clinic = clean(database("with_visits"))
    ended = petrec("constraints", "apply", "--yes", dsn=clinic.dsn)
    assert (ended.code, "recordings_visit_id_fkey" in ended.err) == (2, True)
    rest = ("--group", "required", "--group", "indexes")
    assert petrec("constraints", "apply", "--yes", *rest, dsn=clinic.dsn).code == 0


def test_unresolved_rows_stop_everything(petrec: Petrec, clinic: Database) -> None:
    clinic.execute("""DELETE FROM recordings r WHERE
        NOT EXISTS (SELECT FROM pets p WHERE p.id = r.pet_id)
        AND id <> (SELECT min(id::text)::uuid FROM recordings WHERE pet_id IS NULL)""")
    clinic.execute(LOGGED_DDL)
    before = digest(clinic)
    ended = petrec("constraints", "apply", "--yes", "--format", "json", dsn=clinic.dsn)
    assert ended.code == 1
    assert json.loads(ended.out)["counts"] == {"recordings_pet_id_not_null": 1}
    assert digest(clinic) == before
    assert clinic.execute("SELECT tag FROM ddl") == []
    rest = ("--group", "indexes")
    assert petrec("constraints", "apply", "--yes", *rest, dsn=clinic.dsn).code == 0
    assert ("CREATE INDEX",) in clinic.execute("SELECT tag FROM ddl"), "the trigger sees nothing"


def test_only_the_plan_that_was_seen(petrec: Petrec, clinic: Database) -> None:
    clean(clinic)
    shown = petrec("constraints", "plan", "--format", "json", dsn=clinic.dsn)
    seen = json.loads(shown.out)["hash"]
    clinic.execute("CREATE INDEX mine ON recordings (pet_id)")
    assert petrec("constraints", "apply", "--plan", seen, "--yes", dsn=clinic.dsn).code == 2
    shown = petrec("constraints", "plan", "--format", "json", dsn=clinic.dsn)
    seen = json.loads(shown.out)["hash"]
    assert petrec("constraints", "apply", "--plan", seen, "--yes", dsn=clinic.dsn).code == 0
    assert states(petrec, clinic)["idx_recordings_pet_id"] == "equivalent"


def test_a_plan_counts_the_rows_that_apply_would_refuse(petrec: Petrec, clinic: Database) -> None:
    planned = petrec("constraints", "plan", "--membership", "--format", "json", dsn=clinic.dsn)
    assert planned.code == 0, planned.err
    refused = json.loads(planned.out)["refused"]
    applied = petrec(
        "constraints", "apply", "--yes", "--membership", "--format", "json", dsn=clinic.dsn
    )
    assert applied.code == 1
    assert json.loads(applied.out)["counts"] == refused
    assert {"recordings_pet_id_not_null", "fk_recordings_membership"} <= set(refused)
    script = petrec("constraints", "plan", "--sql", dsn=clinic.dsn).out
    rows = f"{refused['recordings_pet_id_not_null']:,} rows"
    assert f"-- before applying it: recordings_pet_id_not_null would reject {rows}\n" in script
    assert "-- repair the certain ones: petrec backfill --apply" in script


def test_a_plan_of_a_clean_clinic_refuses_no_row(petrec: Petrec, clinic: Database) -> None:
    planned = petrec("constraints", "plan", "--format", "json", dsn=clean(clinic).dsn)
    assert json.loads(planned.out)["refused"] == {}
