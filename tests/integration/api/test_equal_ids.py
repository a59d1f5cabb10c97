"""Requests name ids as their clients write them, and tables may write them otherwise."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.plugins.api import Api
from tests.plugins.command import Petrec
from tests.plugins.databases import MakeDatabase
from tests.plugins.writings import OF_EACH_TYPE, Writing

INITIATE = "/api/v1/recordings/upload/initiate"
PAIR = """
SELECT l.appointment_id::text, l.pet_id::text FROM appointment_pets l
JOIN appointments a ON a.id = l.appointment_id JOIN pets p ON p.id = l.pet_id
ORDER BY l.appointment_id, l.pet_id"""
PLACED = """
SELECT r.id::text, l.pet_id::text, o.pet_id::text FROM recordings r
JOIN appointment_pets l ON l.appointment_id = r.appointment_id AND l.pet_id = r.pet_id
JOIN appointment_pets o ON o.appointment_id = r.appointment_id AND o.pet_id <> r.pet_id
WHERE r.visit_id IS NULL ORDER BY r.id::text LIMIT 1"""


@pytest.fixture
def calling(make_api: Callable[..., Api], database: MakeDatabase) -> Callable[[Writing], Api]:
    """Returns an application on a clinic, whose caller sees everything."""

    def call(writing: Writing) -> Api:
        clinic = writing.clinic(database)
        # The id of an upload that can be repeated is made of a text.
        clinic.execute("ALTER TABLE recordings ALTER id TYPE text")
        user = writing.write(1, otherwise=True)
        api = make_api(database=clinic)
        api.client.http.headers.update({"x-user": user, "x-role": "admin"})
        return api

    return call


@pytest.mark.parametrize("writing", OF_EACH_TYPE)
def test_a_repeated_upload_is_the_same_however_it_is_stored(
    calling: Callable[[Writing], Api], writing: Writing
) -> None:
    api = calling(writing)
    if "numeric" in writing.type:
        api.database.execute("ALTER TABLE recordings ALTER pet_id TYPE numeric(10,2)")
    appointment, pet = (writing.otherwise(each) for each in api.database.execute(PAIR)[0])
    body: dict[str, Any] = {
        "appointment_id": f"appt-{appointment}", "pet_id": f"pet-{pet}", "filename": "a.m4a",
        "recording_type": "visit_audio", "content_type": "audio/mp4",
    }  # fmt: skip
    sent = {"headers": {"Idempotency-Key": "once"}}
    first = api.client.post(INITIATE, json=body, **sent)
    assert first.status_code == 200, first.text
    same = body | {"pet_id": f"pet-{api.database.execute(PAIR)[0][1]}"}
    for again in (body, same):
        answer = api.client.post(INITIATE, json=again, **sent)
        assert (answer.status_code, answer.json().get("recording_id")) == (
            200, first.json()["recording_id"]
        ), answer.text  # fmt: skip
    other = body | {"appointment_id": f"appt-{writing.write(23)}"}
    assert api.client.post(INITIATE, json=other, **sent).status_code == 409


@pytest.mark.parametrize("writing", OF_EACH_TYPE)
def test_a_refusal_names_what_does_not_fit_and_not_how_it_is_written(
    calling: Callable[[Writing], Api], writing: Writing
) -> None:
    api = calling(writing)
    appointment, pet = (writing.otherwise(each) for each in api.database.execute(PAIR)[0])
    visits = "SELECT id::text FROM visits WHERE pet_id <> %s ORDER BY id LIMIT 1"
    ((visit,),) = api.database.execute(visits, (pet,))
    body = {
        "appointment_id": f"appt-{appointment}", "pet_id": f"pet-{pet}", "filename": "a.m4a",
        "recording_type": "visit_audio", "content_type": "audio/mp4",
    }  # fmt: skip
    answer = api.client.post(INITIATE, json=body | {"visit_id": f"visit-{visit}"})
    assert (answer.status_code, answer.json()["error_code"]) == (400, "visit_conflict")
    absent = api.client.post(INITIATE, json=body | {"pet_id": f"pet-{writing.write(99)}"})
    assert absent.json()["error_code"] == "pet_not_in_appointment"
    asked = """SELECT count(DISTINCT pet_id) FROM appointment_pets JOIN pets ON pets.id = pet_id
        WHERE appointment_id = %s"""
    ((count,),) = api.database.execute(asked, (appointment,))
    assert len(set(absent.json()["details"]["valid_pet_ids"])) == count > 0


@pytest.mark.parametrize("writing", OF_EACH_TYPE)
def test_a_correction_to_the_same_pet_is_no_run(
    calling: Callable[[Writing], Api], petrec: Petrec, writing: Writing
) -> None:
    api = calling(writing)
    ((recording, pet, other),) = api.database.execute(PLACED)
    path = f"/api/v1/recordings/rec-{recording}"
    before = api.database.checksum()
    same = {"pet_id": f"pet-{writing.otherwise(pet)}"}
    assert api.client.request("PATCH", path, json=same).status_code == 200
    assert api.database.checksum() == before
    assert api.database.execute("SELECT count(*) FROM petrec.runs") == [(0,)]
    another = {"pet_id": f"pet-{writing.otherwise(other)}"}
    changed = api.client.request("PATCH", path, json=another)
    assert changed.status_code == 200, changed.text
    now = "SELECT pet_id = %s FROM recordings WHERE id = %s"
    assert api.database.execute(now, (other, recording)) == [(True,)]
    assert petrec("runs", "undo", "1", "--yes", dsn=api.database.dsn).code == 0
    assert api.database.checksum() == before
