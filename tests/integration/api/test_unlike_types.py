"""Ids that mean one thing and have two types: what cannot be compared is left out aloud."""

from collections.abc import Callable

import pytest

from tests.integration.api.hand_written import TABLES
from tests.plugins.api import Api
from tests.plugins.databases import Database

ROWS = """
INSERT INTO appointment_pets VALUES (1, 1), (2, 2), (3, 3);
INSERT INTO recordings (id, appointment_id, pet_id, recorded_by_user_id, status) VALUES
  (1, 1, 1, 1, 'uploaded'), (2, 2, 2, 2, 'uploaded'), (3, NULL, 1, 1, 'uploaded'),
  (4, NULL, 2, 2, 'uploaded'), (5, 3, 3, 1, 'uploaded');
INSERT INTO visits (id, pet_id, appointment_id, created_by) VALUES (1, 1, 1, 1), (2, 2, NULL, 1);
"""
STAFF = {"x-user": "1", "x-role": "vet", "x-practice": "1"}
OWNER = {"x-user": "9", "x-role": "owner", "x-owner": "2"}


def seen(api: Api, path: str) -> set[str]:
    answer = api.client.get(f"/api/v1{path}")
    assert answer.status_code == 200, answer.text
    return {row["id"].partition("-")[2] for row in answer.json()}


@pytest.mark.few(3)
@pytest.mark.parametrize(
    ("change", "recordings", "visits"),
    [
        ("CREATE DOMAIN account AS int; ALTER TABLE users ALTER id TYPE account", "13", "12"),
        ("ALTER TABLE users ALTER practice_id TYPE numeric", "13", "12"),
        ("ALTER TABLE users ALTER id TYPE text", "1", "1"),
        ("DELETE FROM users; ALTER TABLE users ALTER id TYPE uuid USING NULL", "1", "1"),
        ("ALTER TABLE users ALTER practice_id TYPE text", "1", "1"),
        ("ALTER TABLE appointments ALTER practice_id TYPE text", "1", "1"),
        ("ALTER TABLE visits ALTER created_by TYPE text", "13", "1"),
    ],
)
def test_staff_see_by_appointment_where_authors_tell_no_practice(
    make_api: Callable[..., Api],
    empty_database: Database,
    caplog: pytest.LogCaptureFixture,
    change: str,
    recordings: str,
    visits: str,
) -> None:
    empty_database.execute(TABLES + ROWS + change)
    api = make_api(database=empty_database)
    api.client.http.headers.update(STAFF)
    assert (seen(api, "/recordings/"), seen(api, "/visits/")) == (set(recordings), set(visits))
    hidden = "hidden from staff" in caplog.text
    assert hidden == (len(recordings + visits) < 4)


def test_owners_of_two_types_are_told_at_once(
    make_api: Callable[..., Api], empty_database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    empty_database.execute(TABLES + ROWS)
    empty_database.execute("ALTER TABLE pets ALTER owner_id TYPE bigint")
    api = make_api(database=empty_database)
    api.client.http.headers.update(OWNER)
    assert seen(api, "/recordings/") == {"1", "3"}
    empty_database.execute("ALTER TABLE pets ALTER owner_id TYPE text")
    other = make_api(database=empty_database)
    other.client.http.headers.update(OWNER)
    answer = other.client.get("/api/v1/recordings/")
    assert (answer.status_code, answer.json()["error_code"]) == (503, "not_ready")
    assert "pets.owner_id is text, appointments.pet_owner_id is integer" in caplog.text
