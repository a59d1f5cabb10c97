"""Rules of the database that petrec does not know: never the caller's fault, never hidden."""

import re

import pytest

from petrec.api import StoredObject
from tests.plugins.api import Api
from tests.plugins.two_clinics import (
    ACTORS,
    O1,
    PET1,
    STRANGER,
    VET1,
    WRITES,
    write,
)

FUNCTION = re.compile(r"function (public\.)?refuse\b")
# What means something else where the server itself reports it: gone, does not fit.
LIKE_OTHERS = ("57P01", "53300", "22001")
STATES = ("23502", "23503", "23505", "23514", "23P01", "22P02", "22012", "42501", "P0001")
RAISE = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  RAISE EXCEPTION 'row of %, private', NEW USING ERRCODE = '{state}', CONSTRAINT = 'their_rule';
END $$;
CREATE TRIGGER refuse BEFORE INSERT OR UPDATE OR DELETE ON {table}
FOR EACH ROW EXECUTE FUNCTION refuse();
"""

pytestmark = pytest.mark.api("two_clinics", headers=ACTORS["staff"])


def test_each_refusal_of_a_trigger(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    for name, (*_, table) in WRITES.items():
        for state in (*STATES, *(LIKE_OTHERS if name == "initiate" else ())):
            api.database.execute(RAISE.format(state=state, table=table))
            caplog.clear()
            answer = write(api, name)
            found = (name, state, answer.text)
            conflicts = name == "delete visit" and state == "23503"
            expected = 409 if conflicts else 500
            assert answer.status_code == expected, found
            assert "their_rule" not in answer.text, found
            assert "private" not in caplog.text, found
            if not conflicts:
                assert "their_rule" in caplog.text, found
                assert f"SQLSTATE {state}" in caplog.text, found
                assert FUNCTION.search(caplog.text), found
            api.database.execute(f"DROP TRIGGER refuse ON {table}; DROP FUNCTION refuse")


@pytest.mark.few(2)
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


def test_who_is_no_user_is_refused_for_that_alone(
    api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    """Another rule that refuses such a caller's row is no matter of access."""
    api.client.http.headers["x-user"] = STRANGER
    api.database.execute("ALTER TABLE recordings ALTER recorded_by_user_id DROP NOT NULL")
    assert write(api, "initiate").status_code == 200
    assert write(api, "create visit").status_code == 403
    api.database.execute(
        "ALTER TABLE visits ALTER created_by DROP NOT NULL, ADD CHECK (visit_type = 'x') NOT VALID;"
        "ALTER TABLE recordings ADD CONSTRAINT their_rule CHECK (s3_key = '') NOT VALID"
    )
    for name, said in (("initiate", "their_rule"), ("create visit", "visits_visit_type_check")):
        assert write(api, name).status_code == 500
        assert said in caplog.text


def test_an_owner_who_is_no_user_records(api: Api) -> None:
    api.database.execute("ALTER TABLE recordings ALTER recorded_by_user_id DROP NOT NULL")
    api.client.http.headers.clear()
    api.client.http.headers.update({"x-user": STRANGER, "x-role": "owner", "x-owner": O1})
    made = write(api, "initiate")
    assert made.status_code == 200, made.text
    recording = made.json()["recording_id"]
    listed = api.client.get(f"/api/v1/recordings/?status=pending&pet_id={PET1}").json()
    (row,) = (one for one in listed if one["id"] == recording)
    assert row["recorded_by_user_id"] is None
    api.store.objects[made.json()["s3_key"]] = StoredObject(3, "audio/mp4", "e")
    path = f"/api/v1/recordings/upload/complete/{recording}"
    assert api.client.post(path, json={"file_size_bytes": 3}).status_code == 200
    api.client.http.headers.update({"x-user": VET1})
    made = write(api, "initiate").json()["recording_id"]
    authors = [
        api.client.get(f"/api/v1/recordings/{one}").json()["recorded_by_user_id"]
        for one in (made, recording)
    ]
    assert authors == [f"user-{VET1}", None]


def test_where_authors_must_be_users_it_is_said_once(
    api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    api.database.execute("ALTER TABLE recordings ALTER recorded_by_user_id SET NOT NULL")
    api.client.http.headers.update({"x-user": STRANGER})
    assert write(api, "initiate").status_code == 403
    said = [one for one in caplog.messages if "can record" in one]
    assert len(said) == 1
    ready = api.client.get("/api/v1/ready")
    assert (ready.status_code, ready.json()["remarks"]) == (200, ["authors_must_be_users"])
    api.database.execute("ALTER TABLE recordings ALTER recorded_by_user_id DROP NOT NULL")
    assert "remarks" not in api.client.get("/api/v1/ready").json()


# A function that fails by itself, with what it read in the server's own message and call stack.
FAILS = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} RETURN NEW; END $$;
CREATE TRIGGER refuse BEFORE INSERT ON recordings FOR EACH ROW EXECUTE FUNCTION refuse();
"""
BODIES = (
    "PERFORM ('private' || NEW.filename)::int;",
    "EXECUTE format('SELECT 1/0, %L', 'private' || NEW.filename);",
    "EXECUTE format('SELECT 1 FROM %I', E'private\\nPL/pgSQL function private(' || NEW.filename);",
    "NEW.recording_type := 1 / (length('private') - 7);",
)


def test_no_message_of_a_function_reaches_the_log(
    api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    for body in BODIES:
        api.database.execute(FAILS.format(body=body))
        caplog.clear()
        assert write(api, "initiate").status_code == 500, body
        assert FUNCTION.search(caplog.text), body
        assert "Traceback" in caplog.text, body
        assert "private" not in caplog.text, (body, caplog.text)
        api.database.execute("DROP TRIGGER refuse ON recordings; DROP FUNCTION refuse")
