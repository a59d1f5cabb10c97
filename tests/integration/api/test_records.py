"""What is left behind: log records with the guide's names, one api_logs row for each refusal."""

import logging

import pytest

from petrec.api import StoredObject
from tests.plugins.api import Api
from tests.plugins.two_clinics import ABSENT, APPT1, INITIATE, PET1, VET1

PATH = "/api/v1/recordings/upload/initiate"
SECRETS = ("s3cr3t-signature", "policy-", "t0k3n", "x-amz", ".s3.test")

HEADERS = {"x-user": VET1, "Authorization": "Bearer t0k3n"}

pytestmark = pytest.mark.api("two_clinics", headers=HEADERS)


def test_the_log_has_a_record_of_each_upload(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "petrec.api"):
        made = api.client.post(PATH, json=INITIATE).json()
        api.client.post(PATH, json=INITIATE | {"pet_id": f"pet-{ABSENT}"})
        api.store.objects[made["s3_key"]] = StoredObject(3, "audio/mp4", "e")
        path = f"/api/v1/recordings/upload/complete/{made['recording_id']}"
        api.client.post(path, json={"file_size_bytes": 3})
    mine = [r for r in caplog.records if r.name == "petrec.api"]
    needed, started, refused, completed = mine
    assert needed.getMessage().startswith("Only users can record")
    names = {"user_id": f"user-{VET1}", "appointment_id": f"appt-{APPT1}"}
    extra = {"recording_id": made["recording_id"], "pet_id": f"pet-{PET1}"}
    assert started.levelno == logging.INFO
    expected = names | extra | {"original_filename": "a.m4a"}
    assert {k: vars(started)[k] for k in expected} == expected
    assert refused.levelno == logging.WARNING
    given = {"pet_id": f"pet-{ABSENT}", "valid_pet_ids": [f"pet-{PET1}"]}
    assert {k: vars(refused)[k] for k in names | given} == names | given
    assert vars(completed)["recording_id"] == made["recording_id"]
    said = "".join(str(vars(record)) for record in caplog.records)
    assert not [secret for secret in SECRETS if secret in said]


def test_one_row_for_each_refusal(api: Api) -> None:
    assert api.client.post(f"{PATH}?token=t0k3n", json=INITIATE).status_code == 200
    calls = [
        ("POST", PATH, INITIATE | {"pet_id": f"pet-{ABSENT}"}, 400, "pet_not_in_appointment"),
        ("POST", f"{PATH}?token=t0k3n", {}, 400, "missing_pet_id"),
        ("GET", f"/api/v1/appointments/{ABSENT}", None, 404, "appointment_not_found"),
        ("GET", "/api/v1/appointments/a%00b", None, 400, "invalid_id"),
        ("GET", PATH, None, 405, "method_not_allowed"),
        ("DELETE", f"/api/v1/visits/visit-{ABSENT}", None, 404, "visit_not_found"),
    ]
    for method, path, body, status, _ in calls:
        answer = api.client.request(method, path, json=body)
        assert (answer.status_code, answer.headers["cache-control"]) == (status, "no-store")
    malformed = {"content": b"{not json", "headers": {"content-type": "application/json"}}
    assert api.client.post(PATH, **malformed).json()["error_code"] == "invalid_request"
    rows = api.database.execute(
        "SELECT method, path, status_code, error_code, user_id::text FROM api_logs ORDER BY id"
    )
    assert [(row[0], *row[2:4]) for row in rows[:-1]] == [
        (method, status, code) for method, _, _, status, code in calls
    ]
    assert {row[4] for row in rows} <= {VET1, None}
    assert rows[0][4] == VET1
    assert not [secret for secret in SECRETS if secret in str(rows)]


def test_errors_do_not_repeat_the_input(api: Api) -> None:
    secret = "z9-secret-value"
    for change in ({"recording_type": secret}, {"pet_id": secret}, {"filename": f"{secret}\n"}):
        answer = api.client.post(PATH, json=INITIATE | change)
        assert answer.status_code == 400
        assert secret not in answer.text


def test_tracebacks_hold_no_values(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    api.database.execute(
        "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'no luck'; END $$;"
        "CREATE TRIGGER fail BEFORE INSERT ON recordings EXECUTE FUNCTION fail()"
    )
    answer = api.client.post(PATH, json=INITIATE | {"filename": "very-private.m4a"})
    assert (answer.status_code, answer.json()["error"]) == (500, "internal_error")
    assert "SQLSTATE P0001, function fail" in caplog.text
    assert "no luck" not in answer.text + caplog.text
    assert "very-private" not in caplog.text


def test_a_body_that_is_too_large_is_refused(api: Api) -> None:
    answer = api.client.post(PATH, json=INITIATE | {"more": "x" * 70_000})
    assert (answer.status_code, answer.json()["error_code"]) == (413, "body_too_large")


def test_unwritable_api_logs_changes_nothing(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    api.database.execute("ALTER TABLE api_logs ADD COLUMN needed int NOT NULL")
    answer = api.client.post(PATH, json={})
    assert answer.json()["error_code"] == "missing_pet_id"
    assert "Could not write a refused request to api_logs" in caplog.messages
