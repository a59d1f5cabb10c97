"""PATCH of a recording: its pet by the rules of an upload, and a run that can be undone."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from petrec.api import Options
from petrec.features.runs.journal.lock import key_of_target
from tests.plugins.api import Api
from tests.plugins.command import Petrec
from tests.plugins.two_clinics import ACTORS, APPT1, APPT2, PET1, PET2, REC1, REC2, VET1, VISIT1

MORE = "dddddddd-0000-4000-8000-000000000003"
RECORDING = f"/api/v1/recordings/rec-{REC1}"
SECOND = f"""
INSERT INTO pets SELECT '{MORE}', owner_id, 'Bo', 'Cat', NULL, now() FROM pets WHERE id = '{PET1}';
INSERT INTO appointment_pets VALUES ('{APPT1}', '{MORE}'), ('{APPT2}', '{MORE}');
"""
LEAST = """
CREATE ROLE corrector LOGIN;
GRANT USAGE ON SCHEMA public, petrec TO corrector;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO corrector;
GRANT UPDATE (pet_id, updated_at) ON recordings TO corrector;
GRANT UPDATE (pet_id) ON appointment_pets TO corrector;
GRANT SELECT, INSERT, UPDATE ON petrec.runs, petrec.changes, petrec.skips, petrec.edits
    TO corrector;
GRANT SELECT ON petrec.links TO corrector;
CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE TRIGGER noted BEFORE UPDATE ON recordings FOR EACH ROW EXECUTE FUNCTION noted();
"""

pytestmark = pytest.mark.api("two_clinics", headers=ACTORS["staff"])


@pytest.fixture(autouse=True)
def _second(api: Api) -> None:
    api.database.execute(SECOND)


def patch(api: Api, pet: str, recording: str = REC1, **headers: str) -> Any:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    path = f"/api/v1/recordings/rec-{recording}"
    return api.client.request("PATCH", path, json={"pet_id": f"pet-{pet}"}, headers=sent)


def pet_of(api: Api, recording: str = REC1) -> str:
    return str(
        api.database.execute(f"SELECT pet_id FROM recordings WHERE id = '{recording}'")[0][0]
    )


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error_code"]


def test_a_correction_is_a_run_that_names_who_made_it(api: Api, petrec: Petrec) -> None:
    before = api.database.checksum()
    answer = patch(api, MORE)
    assert (answer.status_code, answer.json()["pet_id"]) == (200, f"pet-{MORE}")
    assert answer.json() == api.client.get(RECORDING).json()
    assert patch(api, MORE).status_code == 200
    dsn = api.database.dsn
    shown = petrec("runs", "show", "--recording", REC1, "--format", "json", dsn=dsn)
    [change] = json.loads(shown.out)["changes"]
    assert (change["action"], change["author"], change["run"]) == ("correction", VET1, 1)
    assert (change["old"]["pet_id"], change["new"]["pet_id"]) == (PET1, MORE)
    [run] = json.loads(petrec("runs", "list", "--format", "json", dsn=dsn).out)["runs"]
    assert (run["state"], run["planned"], run["changed"], run["skipped"]) == ("done", 1, 1, 0)
    assert petrec("runs", "undo", "1", "--yes", dsn=dsn).code == 0
    assert api.database.checksum() == before


def test_an_undo_leaves_a_pet_that_was_corrected_again(api: Api, petrec: Petrec) -> None:
    for pet in (MORE, PET1, MORE):
        assert patch(api, pet).status_code == 200
    assert petrec("runs", "undo", "2", "--yes", dsn=api.database.dsn).code == 1
    assert pet_of(api) == MORE


@pytest.mark.parametrize("pet", [PET2, "11111111-1111-4111-8111-111111111111"])
def test_a_pet_of_another_appointment_is_refused_as_for_an_upload(
    api: Api, caplog: pytest.LogCaptureFixture, pet: str
) -> None:
    refused = patch(api, pet)
    assert refused.status_code == 400
    assert refused.json() == {
        "error": "validation_error",
        "error_code": "pet_not_in_appointment",
        "message": "Pet is not associated with this appointment",
        "details": {
            "pet_id": f"pet-{pet}",
            "appointment_id": f"appt-{APPT1}",
            "valid_pet_ids": [f"pet-{PET1}", f"pet-{MORE}"],
        },
    }
    (told,) = (vars(each) for each in caplog.records if "valid_pet_ids" in vars(each))
    assert told.items() >= refused.json()["details"].items()
    assert told["user_id"].startswith("user-")
    assert pet_of(api) == PET1
    [(logged,)] = api.database.execute("SELECT error_code FROM api_logs")
    assert logged == "pet_not_in_appointment"


def test_bodies_that_are_refused(api: Api) -> None:
    for body, expected in (
        ({}, "missing_pet_id"),
        ({"pet_id": None}, "missing_pet_id"),
        ({"pet_id": "owner-1"}, "invalid_id"),
        ({"pet_id": f"pet-{MORE}", "status": "uploaded"}, "invalid_request"),
    ):
        assert code(api.client.request("PATCH", RECORDING, json=body)) == (400, expected), body
    assert pet_of(api) == PET1


def test_the_visit_must_agree(api: Api) -> None:
    api.database.execute(f"UPDATE recordings SET visit_id = '{VISIT1}' WHERE id = '{REC1}'")
    assert code(patch(api, MORE)) == (400, "visit_conflict")
    assert pet_of(api) == PET1


def test_without_an_appointment_any_pet_of_the_practice_fits(api: Api) -> None:
    api.database.execute(f"UPDATE recordings SET appointment_id = NULL WHERE id = '{REC1}'")
    assert code(patch(api, PET2)) == (404, "pet_not_found")
    assert patch(api, MORE).status_code == 200


def test_a_recording_that_is_withheld_gets_its_pet(api: Api) -> None:
    api.database.execute("ALTER TABLE recordings ALTER pet_id DROP NOT NULL")
    api.database.execute(f"UPDATE recordings SET pet_id = NULL WHERE id = '{REC1}'")
    assert api.client.get(RECORDING).status_code == 404
    assert code(patch(api, MORE, if_match='"any"')) == (412, "precondition_failed")
    assert patch(api, MORE, if_match="*").json()["pet_id"] == f"pet-{MORE}"


@pytest.mark.no_journal
@pytest.mark.api("two_clinics", headers=ACTORS["staff"], options=Options(corrections=False))
def test_a_host_may_leave_corrections_out(api: Api) -> None:
    assert patch(api, MORE).status_code == 405
    assert api.database.execute("SELECT to_regnamespace('petrec')") == [(None,)]


def test_a_run_of_hours_does_not_hinder_a_correction(api: Api, petrec: Petrec) -> None:
    key = key_of_target('"public"."recordings"')
    running = api.database.connect()
    running.execute("SELECT pg_advisory_lock(%s)", (key,))
    assert patch(api, MORE).status_code == 200
    running.close()
    api.database.execute(
        "ALTER TABLE recordings ALTER pet_id DROP NOT NULL;"
        f"UPDATE recordings SET pet_id = NULL WHERE id = '{REC2}';"
        f"DELETE FROM appointment_pets WHERE pet_id = '{MORE}' AND appointment_id = '{APPT2}'"
    )
    filled = petrec("backfill", "--apply", "--yes", dsn=api.database.dsn)
    assert (filled.code, pet_of(api), pet_of(api, REC2)) == (0, MORE, PET2)


def test_it_needs_no_more_than_the_documented_privileges(
    api: Api, make_api: Callable[..., Api]
) -> None:
    assert patch(api, MORE).status_code == 200
    role = f"corrector_{api.database.name}"
    api.database.execute(LEAST.replace("corrector", role))
    least = make_api(database=api.database, user=role)
    try:
        least.client.http.headers.update(ACTORS["staff"])
        assert patch(least, PET1).status_code == 200
    finally:
        least.engine.dispose()
        api.database.execute(f"DROP OWNED BY {role} CASCADE; DROP ROLE {role}")


@pytest.mark.parametrize(
    ("body", "timing"),
    [
        (f"NEW.pet_id := '{PET1}'; RETURN NEW;", "BEFORE"),
        ("RETURN NULL;", "BEFORE"),
        (f"UPDATE recordings SET pet_id = '{PET1}' WHERE id = NEW.id; RETURN NULL;", "AFTER"),
    ],
)
def test_a_pet_that_a_trigger_does_not_keep(api: Api, body: str, timing: str) -> None:
    api.database.execute(
        f"CREATE FUNCTION other() RETURNS trigger LANGUAGE plpgsql SET search_path = public AS $$"
        f" BEGIN {body} END $$; CREATE TRIGGER other {timing} UPDATE ON recordings"
        f" FOR EACH ROW WHEN (NEW.pet_id = '{MORE}') EXECUTE FUNCTION other()"
    )
    before = api.database.checksum()
    assert code(patch(api, MORE)) == (409, "not_kept")
    assert api.database.checksum() == before
    assert api.database.execute("SELECT count(*) FROM petrec.runs") == [(0,)]
