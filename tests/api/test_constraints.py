"""Rules of the database that petrec does not know: never the caller's fault, never hidden."""

from collections.abc import Callable
from typing import Any

import pytest

from petrec.api import StoredObject
from tests.api.conftest import Api
from tests.api.test_access import ACTORS, APPT1, INITIATE, O1, PET1, REC1, ROWS, VET1, VISIT1
from tests.plugins.databases import Database

VISIT = {"pet_id": f"pet-{PET1}", "appointment_id": f"appt-{APPT1}", "visit_type": "checkup"}
STRANGER = "77777777-0000-4000-8000-000000000001"
# Each is a writing endpoint with the table that it writes.
WRITES: dict[str, tuple[str, str, dict[str, Any] | None, str]] = {
    "initiate": ("POST", "/recordings/upload/initiate", INITIATE, "recordings"),
    "complete": (
        *("POST", f"/recordings/upload/complete/rec-{REC1}"),
        *({"file_size_bytes": 3}, "recordings"),
    ),
    "create visit": ("POST", "/visits/", VISIT, "visits"),
    "update visit": ("PATCH", f"/visits/visit-{VISIT1}", {"notes": "n"}, "visits"),
    "delete visit": ("DELETE", f"/visits/visit-{VISIT1}", None, "visits"),
}
STATES = ("23502", "23503", "23505", "23514", "23P01", "22P02", "22012", "42501", "P0001")
RAISE = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  RAISE EXCEPTION 'row of %, private', NEW USING ERRCODE = '{state}', CONSTRAINT = 'their_rule';
END $$;
CREATE TRIGGER refuse BEFORE INSERT OR UPDATE OR DELETE ON {table}
FOR EACH ROW EXECUTE FUNCTION refuse();
"""


@pytest.fixture
def api(make_api: Callable[..., Api], database: Callable[..., Database]) -> Api:
    made = database("with_visits")
    made.execute(ROWS)
    api = make_api(database=made)
    api.store.objects[f"key-{REC1}"] = StoredObject(3, "audio/mp4", "e")
    api.client.http.headers.update(ACTORS["staff"])
    return api


def write(api: Api, name: str) -> Any:
    method, path, body, _ = WRITES[name]
    return api.client.request(method, f"/api/v1{path}", json=body)


def test_each_refusal_of_a_trigger(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    for name, (*_, table) in WRITES.items():
        for state in STATES:
            api.database.execute(RAISE.format(state=state, table=table))
            caplog.clear()
            answer = write(api, name)
            found = (name, state, answer.text)
            conflicts = name == "delete visit" and state == "23503"
            expected = 409 if conflicts else 503 if state == "42501" else 500
            assert answer.status_code == expected, found
            assert "their_rule" not in answer.text, found
            if state.startswith("23") and not conflicts:
                assert "their_rule" in caplog.text, found
                assert "private" not in caplog.text, found
            api.database.execute(f"DROP TRIGGER refuse ON {table}; DROP FUNCTION refuse")


@pytest.mark.parametrize(
    ("rule", "name"),
    [
        ("ADD CONSTRAINT their_rule CHECK (filename = 'other')", "their_rule"),
        ("ADD COLUMN theirs int NOT NULL", "theirs"),
        (
            "ADD CONSTRAINT their_rule FOREIGN KEY (filename) REFERENCES recordings (s3_key)",
            "their_rule",
        ),
        ("ADD CONSTRAINT their_rule EXCLUDE (appointment_id WITH =)", "their_rule"),
    ],
)
def test_constraints_of_the_table(
    api: Api, caplog: pytest.LogCaptureFixture, rule: str, name: str
) -> None:
    api.database.execute("DELETE FROM recordings; ALTER TABLE recordings ADD UNIQUE (s3_key)")
    api.database.execute(f"ALTER TABLE recordings {rule}")
    if "EXCLUDE" in rule:
        assert write(api, "initiate").status_code == 200
    answer = write(api, "initiate")
    assert (answer.status_code, answer.json()["error_code"]) == (500, "internal_error")
    assert name in caplog.text
    assert "a.m4a" not in caplog.text


def test_readiness_says_that_no_row_can_be_inserted(
    api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    assert api.client.get("/api/v1/ready").status_code == 200
    api.database.execute("DELETE FROM recordings; ALTER TABLE recordings ADD theirs int NOT NULL")
    answer = api.client.get("/api/v1/ready")
    assert (answer.status_code, answer.json()["error_code"]) == (503, "not_ready")
    assert "theirs" in caplog.text
    assert "theirs" not in answer.text
    api.database.execute("ALTER TABLE recordings ALTER theirs SET DEFAULT 1")
    assert api.client.get("/api/v1/ready").status_code == 200


def test_an_owner_who_is_no_user_records(api: Api) -> None:
    api.database.execute("ALTER TABLE recordings ALTER recorded_by_user_id DROP NOT NULL")
    api.client.http.headers.clear()
    api.client.http.headers.update({"x-user": STRANGER, "x-role": "owner", "x-owner": O1})
    made = write(api, "initiate")
    assert made.status_code == 200, made.text
    recording = made.json()["recording_id"]
    (row,) = api.client.get(f"/api/v1/recordings/?pet_id={PET1}&limit=1").json()
    assert (row["id"], row["recorded_by_user_id"]) == (recording, None)
    api.store.objects[made.json()["s3_key"]] = StoredObject(3, "audio/mp4", "e")
    path = f"/api/v1/recordings/upload/complete/{recording}"
    assert api.client.post(path, json={"file_size_bytes": 3}).status_code == 200
    api.client.http.headers.update({"x-user": VET1})
    made = write(api, "initiate").json()["recording_id"]
    listed = api.client.get(f"/api/v1/recordings/?pet_id={PET1}").json()
    authors = {one["id"]: one["recorded_by_user_id"] for one in listed}
    assert (authors[made], authors[recording]) == (f"user-{VET1}", None)


def test_where_authors_must_be_users_it_is_said_once(
    api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    api.database.execute("ALTER TABLE recordings ALTER recorded_by_user_id SET NOT NULL")
    api.client.http.headers.update({"x-user": STRANGER})
    assert write(api, "initiate").status_code == 403
    said = [one for one in caplog.messages if "cannot record" in one]
    assert len(said) == 1
