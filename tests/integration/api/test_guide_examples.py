"""Each JSON example of the integration guide: same keys in the same order, values, null rules."""

import json
from datetime import UTC, datetime

import pytest

from petrec.api import Options, StoredObject
from tests.plugins import guide
from tests.plugins.api import Api
from tests.plugins.databases import Database, MakeDatabase

NOW = datetime(2025, 9, 1, 14, 0, 0, 999_999, tzinfo=UTC)
VET = {"x-user": guide.VET, "x-role": "vet", "x-practice": guide.PRACTICE}


pytestmark = pytest.mark.api("clinic_of_the_guide", headers=VET, options=Options(clock=lambda: NOW))


@pytest.fixture
def clinic_of_the_guide(database: MakeDatabase) -> Database:
    return guide.fill(database("text_ids"))


def test_the_list_of_recordings_is_that_of_the_guide(api: Api) -> None:
    path = f"/api/v1/recordings/?appointment_id=appt-{guide.APPOINTMENT}&limit=50"
    answer = api.client.get(path)
    assert json.dumps(answer.json()) == json.dumps(guide.RECORDINGS)
    assert answer.headers["x-petrec-withheld"] == "0"
    assert "link" not in answer.headers


def test_the_appointment_is_that_of_the_integration_guide(api: Api) -> None:
    answer = api.client.get(f"/api/v1/appointments/appt-{guide.APPOINTMENT}")
    assert json.dumps(answer.json()) == json.dumps(guide.APPOINTMENT_DETAIL)


def test_initiate_answers_as_the_integration_guide_says(api: Api) -> None:
    made = api.client.post("/api/v1/recordings/upload/initiate", json=guide.INITIATE).json()
    recording = made["recording_id"]
    key = f"recordings/2025/09/01/{recording}.m4a"
    assert recording.startswith("rec-")
    assert json.dumps(made) == json.dumps(
        {
            "recording_id": recording,
            "upload_url": "https://clinic-recordings.s3.test/",
            "upload_fields": dict(
                api.store.presign_post(key, "audio/mp4", NOW.replace(microsecond=0)).fields
            ),
            "s3_key": key,
            "bucket": "clinic-recordings",
            "expires_in": 3600,
            "max_file_size": 104857600,
        }
    )


def test_complete_answers_as_the_integration_guide_says(api: Api) -> None:
    made = api.client.post("/api/v1/recordings/upload/initiate", json=guide.INITIATE).json()
    api.store.objects[made["s3_key"]] = StoredObject(2048576, "audio/mp4", "e-1")
    path = f"/api/v1/recordings/upload/complete/{made['recording_id']}"
    answer = api.client.post(path, json=guide.COMPLETE)
    assert json.dumps(answer.json()) == json.dumps(
        {"status": "completed", "recording_id": made["recording_id"]}
    )
    listed = api.client.get("/api/v1/recordings/").json()
    row = next(one for one in listed if one["id"] == made["recording_id"])
    expected = guide.RECORDINGS[0] | {
        "id": made["recording_id"],
        "visit_id": None,
        "recorded_by_user_id": f"user-{guide.VET}",
        "filename": f"{made['recording_id']}.m4a",
        "s3_url": api.store.url(made["s3_key"]),
        "created_at": "2025-09-01T14:00:00Z",
        "updated_at": "2025-09-01T14:00:00Z",
    }
    assert row == expected


def test_a_created_visit_is_that_of_the_integration_guide(api: Api) -> None:
    answer = api.client.post("/api/v1/visits/", json=guide.CREATE_VISIT)
    assert answer.status_code == 201
    made = answer.json()
    assert made["id"].startswith("visit-")
    assert json.dumps(made | {"id": "visit-"}) == json.dumps(guide.CREATED_VISIT)


def test_the_visits_are_those_of_the_integration_guide(api: Api) -> None:
    path = f"/api/v1/visits/?pet_id=pet-{guide.PET}&appointment_id=appt-{guide.APPOINTMENT}"
    (visit,) = api.client.get(f"{path}&limit=50").json()
    stored = {"id": f"visit-{guide.VISIT}", "notes": None, "recordings": guide.RECORDINGS}
    assert json.dumps(visit) == json.dumps(guide.CREATED_VISIT | stored)


def test_errors_are_those_of_the_integration_guide(api: Api) -> None:
    """Both error examples; the guide's valid pets are those of the appointment."""
    other = "222bbb333ccc444ddd555eee"
    path = "/api/v1/recordings/upload/initiate"
    refused = api.client.post(path, json=guide.INITIATE | {"pet_id": f"pet-{other}"})
    assert json.dumps(refused.json()) == json.dumps(
        {
            "error": "validation_error",
            "error_code": "pet_not_in_appointment",
            "message": "Pet is not associated with this appointment",
            "details": {
                "pet_id": f"pet-{other}",
                "appointment_id": f"appt-{guide.APPOINTMENT}",
                "valid_pet_ids": sorted([f"pet-{guide.PET}", f"pet-{guide.REX}"]),
            },
        }
    )
    missing = api.client.post(path, json=guide.INITIATE | {"pet_id": None})
    assert json.dumps(missing.json()) == json.dumps(
        {
            "error": "validation_error",
            "error_code": "missing_pet_id",
            "message": "pet_id is required for all recording uploads",
            "details": {"field": "pet_id", "required": True},
        }
    )


def test_two_pets_in_one_appointment(api: Api) -> None:
    made = {}
    for pet in (guide.PET, guide.REX):
        body = guide.INITIATE | {"pet_id": f"pet-{pet}"}
        made[pet] = api.client.post("/api/v1/recordings/upload/initiate", json=body).json()
        listed = api.client.get(f"/api/v1/recordings/?status=pending&pet_id=pet-{pet}").json()
        assert [one["pet_id"] for one in listed] == [f"pet-{pet}"] * len(listed)
        assert made[pet]["recording_id"] in [one["id"] for one in listed]
    path = f"/api/v1/recordings/?appointment_id={guide.INITIATE['appointment_id']}"
    assert [len(api.client.get(f"{path}{more}").json()) for more in ("", "&status=pending")] == [
        1,
        2,
    ]
