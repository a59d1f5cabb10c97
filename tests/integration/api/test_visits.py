"""Visits: created, read, changed, deleted; and a clinic that keeps none."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from tests.plugins.api import Api
from tests.plugins.two_clinics import APPT1, INITIATE, PET1, PET2, REC1, STRANGER, VET1, VISIT1

PATH = "/api/v1/visits/"
NEW = {"pet_id": f"pet-{PET1}", "appointment_id": f"appt-{APPT1}", "visit_type": "checkup"}

pytestmark = pytest.mark.api("two_clinics", headers={"x-user": VET1})


def test_life_of_a_visit(api: Api) -> None:
    made = api.client.post(PATH, json=NEW | {"visit_date": "2025-09-01T14:00:00.25+02:00"})
    assert made.status_code == 201
    visit = made.json()
    assert (visit["visit_date"], visit["created_by"]) == ("2025-09-01T12:00:00Z", f"vet-{VET1}")
    one = f"{PATH}{visit['id']}"
    assert api.client.get(one).json() == visit
    change = {"diagnosis": "healthy", "follow_up_date": "2025-10-01", "follow_up_required": True}
    changed = api.client.request("PATCH", one, json=change)
    assert changed.status_code == 200
    assert changed.json() == visit | change | {"updated_at": changed.json()["updated_at"]}
    assert api.client.request("PATCH", f"{one}/", json={}).json()["diagnosis"] == "healthy"
    deleted = api.client.request("DELETE", one)
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert api.client.get(one).json()["error_code"] == "visit_not_found"


def test_a_visit_needs_no_appointment(api: Api) -> None:
    made = api.client.post(PATH, json={"pet_id": PET1, "visit_type": "call"})
    assert (made.status_code, made.json()["appointment_id"]) == (201, None)


@pytest.mark.parametrize("left_out", ["", "appointment_id"])
def test_a_visit_of_an_author_who_is_no_user_is_refused(api: Api, left_out: str) -> None:
    before = api.database.execute("SELECT count(*) FROM visits")
    body = {name: value for name, value in NEW.items() if name != left_out}
    answer = api.client.request("POST", PATH, json=body, headers={"x-user": STRANGER})
    assert (answer.status_code, "visits" in answer.json()["message"]) == (403, True)
    assert api.database.execute("SELECT count(*) FROM visits") == before


def test_a_recording_that_its_visit_alone_places_is_listed_by_the_visits_pet(api: Api) -> None:
    lost = "pet_id = NULL, appointment_id = NULL, status = 'uploaded'"
    visit = f"visit_id = '{VISIT1}' WHERE id = '{REC1}'"
    api.database.execute(f"UPDATE recordings SET {lost}, {visit}")
    for pet, listed in ((PET1, [f"rec-{REC1}"]), (PET2, [])):
        found = api.client.get("/api/v1/recordings/", params={"pet_id": f"pet-{pet}"}).json()
        assert [recording["id"] for recording in found] == listed


def test_visit_with_recordings_stays(api: Api) -> None:
    """A cascade would delete the recordings with it."""
    api.database.execute(
        f"UPDATE recordings SET visit_id = '{VISIT1}', status = 'uploaded' WHERE id = '{REC1}'"
    )
    one = f"{PATH}visit-{VISIT1}"
    assert [r["id"] for r in api.client.get(one).json()["recordings"]] == [f"rec-{REC1}"]
    answer = api.client.request("DELETE", one)
    assert (answer.status_code, answer.json()["error_code"]) == (409, "visit_has_recordings")


def test_recording_of_a_visit(api: Api) -> None:
    path = "/api/v1/recordings/upload/initiate"
    right = api.client.post(path, json=INITIATE | {"visit_id": f"visit-{VISIT1}"})
    assert right.status_code == 200
    api.database.execute(f"INSERT INTO appointment_pets VALUES ('{APPT1}', '{PET2}')")
    wrong = INITIATE | {"visit_id": f"visit-{VISIT1}", "pet_id": f"pet-{PET2}"}
    answer = api.client.post(path, json=wrong)
    assert (answer.status_code, answer.json()["error_code"]) == (400, "visit_conflict")


def test_wrong_fields_of_a_visit_are_refused_by_code(api: Api) -> None:
    expected: list[tuple[dict[str, Any], int, str]] = [
        ({"pet_id": None}, 400, "missing_pet_id"),
        ({"pet_id": f"pet-{PET2}"}, 400, "pet_not_in_appointment"),
        ({"pet_id": f"pet-{PET2[:-1]}9", "appointment_id": None}, 404, "pet_not_found"),
        ({"visit_date": "yesterday"}, 400, "invalid_request"),
        ({"visit_date": "2025-09-01"}, 400, "invalid_request"),
        ({"visit_date": "0001-01-01T00:00:00+14:00"}, 400, "invalid_request"),
        ({"follow_up_date": "2025-02-30"}, 400, "invalid_request"),
        ({"visit_type": None}, 400, "invalid_request"),
        ({"notes": "a\x00"}, 400, "invalid_request"),
    ]
    for change, status, code in expected:
        answer = api.client.post(PATH, json=NEW | change)
        assert (answer.status_code, answer.json()["error_code"]) == (status, code), change
    missing = api.client.post(PATH, json=NEW | {"pet_id": ""}).json()
    assert missing["message"] == "pet_id is required for all visits"


def test_pages_hold_every_visit_once(api: Api) -> None:
    for _ in range(7):
        api.client.post(PATH, json=NEW)
    seen, cursor = [], ""
    while True:
        answer = api.client.get(f"{PATH}?limit=3{cursor}")
        seen += [visit["id"] for visit in answer.json()]
        if "x-next-cursor" not in answer.headers:
            break
        assert len(answer.json()) == 3
        cursor = f"&cursor={answer.headers['x-next-cursor']}"
    assert len(seen) == len(set(seen)) == 9


def test_a_walk_misses_nothing_while_rows_come_in(api: Api) -> None:
    """Visits that come in while a client walks disturb nothing that was there before."""
    more = (
        "INSERT INTO visits (pet_id, appointment_id, visit_date, visit_type, created_by)"
        " SELECT pet_id, appointment_id, {at}, 'more', created_by FROM visits LIMIT 9"
    )
    for _ in range(3):
        api.database.execute(more.format(at="visit_date - interval '1 hour'"))
    newest = "SELECT 'visit-' || id FROM visits ORDER BY visit_date DESC, id DESC"
    expected = [row[0] for row in api.database.execute(newest)]
    seen: list[str] = []
    cursor = ""
    for number in itertools.count():
        answer = api.client.get(f"{PATH}?limit=4{cursor}")
        seen += [visit["id"] for visit in answer.json()]
        if "x-next-cursor" not in answer.headers:
            break
        cursor = f"&cursor={answer.headers['x-next-cursor']}"
        if number < 4:
            # Now and at the very times that pages begin and end with.
            at = "now()" if number % 2 else "visit_date"
            api.database.execute(more.format(at=at))
    assert len(seen) == len(set(seen))
    assert [one for one in seen if one in set(expected)] == expected


@pytest.mark.parametrize("shape", ["clinic", "partitioned", "text_ids"])
def test_without_the_table_visits_are_said_not_to_be_kept(
    make_api: Callable[..., Api], shape: str
) -> None:
    api = make_api(shape)
    for method, path in [("GET", PATH), ("GET", f"{PATH}visit-{VISIT1}"), ("DELETE", f"{PATH}1/")]:
        answer = api.client.request(method, path)
        assert (answer.status_code, answer.json()["error_code"]) == (404, "visits_not_kept")
    body = NEW | {"visit_type": "checkup"}
    assert api.client.post(PATH, json=body).json()["error_code"] == "visits_not_kept"
    ids = "SELECT appointment_id, pet_id FROM appointment_pets LIMIT 1"
    appointment, pet = api.database.execute(ids)[0]
    user = api.database.execute("SELECT id FROM users LIMIT 1")[0][0]
    api.client.http.headers["x-user"] = str(user)
    fitting = INITIATE | {"appointment_id": f"appt-{appointment}", "pet_id": f"pet-{pet}"}
    made = api.client.post("/api/v1/recordings/upload/initiate", json=fitting)
    assert made.status_code == 200, made.text
    listed = api.client.get(
        f"/api/v1/recordings/?status=pending&appointment_id={appointment}"
    ).json()
    assert made.json()["recording_id"] in [one["id"] for one in listed]
    with_visit = fitting | {"visit_id": f"visit-{VISIT1}"}
    refused = api.client.post("/api/v1/recordings/upload/initiate", json=with_visit)
    assert (refused.status_code, refused.json()["error_code"]) == (404, "visit_not_found")
