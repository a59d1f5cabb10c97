"""Starting an upload: what it answers, and what it refuses."""

from typing import Any

import pytest

from tests.plugins.api import Api

PATH = "/api/v1/recordings/upload/initiate"
ABSENT = "11111111-1111-1111-1111-111111111111"


@pytest.fixture
def body(api: Api) -> dict[str, Any]:
    """A request that is right."""
    appointment, pet = api.database.execute(
        "SELECT appointment_id, pet_id FROM appointment_pets ORDER BY 1, 2"
    )[0]
    return {
        "appointment_id": f"appt-{appointment}",
        "pet_id": f"pet-{pet}",
        "visit_id": None,
        "recording_type": "visit_audio",
        "filename": "visit_recording_20250901_143022.m4a",
        "content_type": "audio/mp4",
        "estimated_duration_seconds": 180.5,
    }


def test_answers_as_the_guide_says(api: Api, body: dict[str, Any]) -> None:
    answer = api.client.post(PATH, json=body)
    assert answer.status_code == 200
    made = answer.json()
    assert list(made) == [
        "recording_id",
        "upload_url",
        "upload_fields",
        "s3_key",
        "bucket",
        "expires_in",
        "max_file_size",
    ]
    row = api.database.execute(
        "SELECT pet_id::text, status, original_filename, s3_key, 'rec-' || id FROM recordings"
        " WHERE created_at > '2026-01-01'"
    )
    assert row == [
        (body["pet_id"][4:], "pending", body["filename"], made["s3_key"], made["recording_id"])
    ]
    assert made["upload_fields"]["key"] == made["s3_key"]
    assert made["s3_key"].endswith(f"/{made['recording_id']}.m4a")


def test_an_upload_without_a_pet_is_refused(api: Api, body: dict[str, Any]) -> None:
    absent = {name: value for name, value in body.items() if name != "pet_id"}
    for wrong in (absent, body | {"pet_id": None}, body | {"pet_id": ""}, {}):
        answer = api.client.post(PATH, json=wrong)
        assert answer.status_code == 400
        assert answer.json() == {
            "error": "validation_error",
            "error_code": "missing_pet_id",
            "message": "pet_id is required for all recording uploads",
            "details": {"field": "pet_id", "required": True},
        }


def test_pet_not_in_appointment(api: Api, body: dict[str, Any]) -> None:
    valid = [body["pet_id"]]
    body["pet_id"] = f"pet-{ABSENT}"
    answer = api.client.post(PATH, json=body)
    assert answer.status_code == 400
    assert answer.json() == {
        "error": "validation_error",
        "error_code": "pet_not_in_appointment",
        "message": "Pet is not associated with this appointment",
        "details": {
            "pet_id": body["pet_id"],
            "appointment_id": body["appointment_id"],
            "valid_pet_ids": valid,
        },
    }


def test_wrong_fields_of_an_upload_are_refused_by_code(api: Api, body: dict[str, Any]) -> None:
    expected = [
        ("pet_id", f"rec-{ABSENT}", 400, "invalid_id"),
        ("pet_id", "pet-1", 400, "invalid_id"),
        ("pet_id", 1, 400, "invalid_request"),
        ("appointment_id", f"appt-{ABSENT}", 404, "appointment_not_found"),
        ("appointment_id", None, 400, "invalid_request"),
        ("visit_id", f"visit-{ABSENT}", 404, "visit_not_found"),
        ("recording_type", "video", 400, "invalid_recording_type"),
        ("content_type", "text/html", 400, "invalid_content_type"),
        ("filename", "a\x00b", 400, "invalid_request"),
        ("estimated_duration_seconds", -1, 400, "invalid_request"),
    ]
    for field, value, status, code in expected:
        answer = api.client.post(PATH, json=body | {field: value})
        assert (answer.status_code, answer.json()["error_code"]) == (status, code)
    noted = "SELECT status_code, error_code FROM api_logs WHERE id > 200 ORDER BY id"
    assert api.database.execute(noted) == [(status, code) for *_, status, code in expected]


def test_both_slash_forms_and_bare_ids(api: Api, body: dict[str, Any]) -> None:
    bare = body | {name: body[name].partition("-")[2] for name in ("pet_id", "appointment_id")}
    assert api.client.post(f"{PATH}/", json=bare).status_code == 200
