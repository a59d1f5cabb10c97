"""One recording with its appointment, and an address of the file that was uploaded alone."""

import pytest

from petrec.api import StoredObject
from tests.plugins.api import Api
from tests.plugins.two_clinics import ACTORS, APPT1, PET1, REC1

pytestmark = pytest.mark.api("two_clinics", headers=ACTORS["staff"])
ONE = f"/api/v1/recordings/rec-{REC1}"
KEY = f"key-{REC1}"


def complete(api: Api) -> None:
    path = f"/api/v1/recordings/upload/complete/rec-{REC1}"
    assert api.client.post(path, json={"file_size_bytes": 3}).status_code == 200


def refused(api: Api) -> tuple[int, str]:
    answer = api.client.get(f"{ONE}/audio")
    return answer.status_code, answer.json()["error_code"]


def test_a_recording_is_read_alone(api: Api) -> None:
    one = api.client.get(ONE).json()
    assert (one["pet_id"], one["status"]) == (f"pet-{PET1}", "pending")
    complete(api)
    listed = api.client.get("/api/v1/recordings/").json()
    assert [api.client.get(ONE).json()] == [api.client.get(f"{ONE}/").json()] == listed


def test_an_appointment_is_read_with_its_pets(api: Api) -> None:
    found = api.client.get(f"/api/v1/appointments/{APPT1}").json()
    assert found["id"] == f"appt-{APPT1}"
    assert found["pets"] == [{"id": f"pet-{PET1}", "name": "Rex", "species": "Dog", "breed": None}]


def test_the_address_is_signed_and_expires(api: Api) -> None:
    complete(api)
    found = api.client.get(f"{ONE}/audio").json()
    assert f"/{KEY}?X-Amz-Date=" in found.pop("audio_url")
    assert found == {
        "recording_id": f"rec-{REC1}",
        "expires_in": 900,
        "content_type": "audio/mp4",
        "file_size_bytes": 3,
    }


def test_nothing_to_listen_to(api: Api) -> None:
    assert refused(api) == (409, "not_uploaded")
    complete(api)
    api.store.objects[KEY] = StoredObject(3, "audio/mp4", "another")
    assert refused(api) == (409, "file_changed")
    del api.store.objects[KEY]
    assert refused(api) == (409, "file_missing")
    api.store.down = True
    assert refused(api) == (503, "storage_unavailable")


@pytest.mark.parametrize("metadata", ["NULL", "'[1]'", "'{\"s3_etag\": 7}'", "'{}'"])
def test_recordings_of_before_are_heard(api: Api, metadata: str) -> None:
    """Where no completion has noted what was uploaded, there is nothing to compare."""
    api.database.execute(
        f"UPDATE recordings SET status = 'transcribed', recording_metadata = {metadata}"
    )
    assert api.client.get(f"{ONE}/audio").status_code == 200
    api.database.execute("UPDATE recordings SET s3_key = ''")
    assert refused(api) == (409, "file_missing")


def test_without_a_certain_pet_it_is_not_found(api: Api) -> None:
    complete(api)
    api.database.execute("DELETE FROM appointment_pets")
    api.database.execute("UPDATE recordings SET pet_id = NULL")
    assert refused(api) == (404, "recording_not_found")
    assert api.client.get(ONE).status_code == 404
