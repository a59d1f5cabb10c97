"""Completing an upload: verified, once, announced after the commit."""

import json
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest

from petrec.api import StoredObject, Uploaded
from petrec.storage.metadata import RESERVED, is_noted_cancelled, noted_sha256
from tests.plugins.api import Api
from tests.plugins.databases import MakeDatabase
from tests.plugins.two_clinics import APPT1, INITIATE, PET1, ROWS
from tests.plugins.waiting import until

BODY = {"file_size_bytes": 2048, "duration_seconds": 3725.9}
GOOD = StoredObject(2048, "audio/mp4", '"etag-1"')


class Fixture:
    """An upload that was initiated."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.told: list[Uploaded] = []
        made = api.client.post("/api/v1/recordings/upload/initiate", json=INITIATE).json()
        self.id, self.key = made["recording_id"], made["s3_key"]

    def complete(self, **change: Any) -> Any:
        path = f"/api/v1/recordings/upload/complete/{self.id}"
        return self.api.client.post(path, json=BODY | change)

    def row(self, columns: str) -> tuple[Any, ...]:
        query = f"SELECT {columns} FROM recordings WHERE id = '{self.id[4:]}'"
        return self.api.database.execute(query)[0]


@pytest.fixture
def upload(make_api: Callable[..., Api], database: MakeDatabase) -> Fixture:
    made = database("with_visits")
    made.execute(ROWS)
    user = made.execute("SELECT id FROM users WHERE role = 'vet' LIMIT 1")[0][0]

    def tell(event: Uploaded) -> None:
        fixture.told.append(event)

    api = make_api(database=made, on_uploaded=tell)
    api.client.http.headers["x-user"] = str(user)
    fixture = Fixture(api)
    return fixture


def test_an_upload_is_completed_and_announced_once(upload: Fixture) -> None:
    upload.api.store.objects[upload.key] = GOOD
    with psycopg.connect(upload.api.database.dsn, autocommit=True) as listener:
        listener.execute("LISTEN petrec_uploaded")
        for _ in range(3):
            answer = upload.complete(recording_metadata={"device_type": "iPhone", "n": None})
            assert answer.json() == {"status": "completed", "recording_id": upload.id}
        # Notifications arrive in the order of the commits.
        upload.api.database.execute("NOTIFY petrec_uploaded, 'the last'")
        heard = [notice.payload for notice in listener.notifies(timeout=60, stop_after=2)]
    assert heard == [
        f'{{"pet_id": "pet-{PET1}", "recording_id": "{upload.id}"}}', "the last",
    ]  # fmt: skip
    assert upload.told == [Uploaded(upload.id[4:], PET1, upload.key)]
    status, size, duration, metadata = upload.row(
        "status, file_size_bytes, duration_seconds, recording_metadata"
    )
    assert (status, size, duration) == ("uploaded", 2048, 3725.9)
    assert metadata == {"device_type": "iPhone", "n": None, "s3_etag": '"etag-1"'}
    listed = upload.api.client.get(f"/api/v1/recordings/?pet_id={PET1}").json()
    shown = {one["id"]: one for one in listed}
    assert shown[upload.id]["duration_formatted"] == "1:02:05"


@pytest.mark.parametrize("value", [1, False, None, "2026-02-01"])
def test_a_client_says_nothing_in_the_name_of_the_api(upload: Fixture, value: Any) -> None:
    """Its file stays compared with the one that was uploaded, and no sweep deletes it."""
    told = dict.fromkeys(("sha256", "cancelled_at", *RESERVED), value)
    upload.api.store.objects[upload.key] = GOOD
    for _ in range(2):
        assert upload.complete(recording_metadata=told).status_code == 200
    (metadata,) = upload.row("recording_metadata::text")
    noted = {"sha256": value, "cancelled_at": value, "s3_etag": '"etag-1"'}
    assert json.loads(metadata) == noted
    assert (is_noted_cancelled(metadata), noted_sha256(metadata)) == (False, None)
    upload.api.store.objects[upload.key] = StoredObject(2048, "audio/mp4", "another")
    refused = upload.api.client.get(f"/api/v1/recordings/{upload.id}/audio")
    assert (refused.status_code, refused.json()["error_code"]) == (409, "file_changed")


def test_a_recording_that_is_complete_is_cancelled_no_longer(upload: Fixture) -> None:
    """Somebody reopened it; a later failure of its processing must not cost the file."""
    cancel = f"/api/v1/recordings/upload/cancel/{upload.id}"
    assert upload.api.client.post(cancel).status_code == 200
    assert is_noted_cancelled(*upload.row("recording_metadata::text"))
    upload.api.database.execute(
        f"UPDATE recordings SET status = 'pending' WHERE id = '{upload.id[4:]}'"
    )
    upload.api.store.objects[upload.key] = GOOD
    assert upload.complete().status_code == 200
    assert not is_noted_cancelled(*upload.row("recording_metadata::text"))


@pytest.mark.parametrize(
    ("found", "code"),
    [
        (None, "upload_missing"),
        (StoredObject(2047, "audio/mp4", "e"), "upload_differs"),
        (StoredObject(2048, "text/html", "e"), "upload_differs"),
    ],
)
def test_another_object_than_announced_is_refused(
    upload: Fixture, found: StoredObject | None, code: str
) -> None:
    if found is not None:
        upload.api.store.objects[upload.key] = found
    answer = upload.complete()
    assert (answer.status_code, answer.json()["error_code"]) == (409, code)
    assert upload.row("status") == ("pending",)
    assert upload.told == []
    upload.api.store.objects[upload.key] = GOOD
    assert upload.complete().status_code == 200


def test_another_size_after_completion(upload: Fixture) -> None:
    upload.api.store.objects[upload.key] = GOOD
    assert upload.complete().status_code == 200
    answer = upload.complete(file_size_bytes=1)
    assert (answer.status_code, answer.json()["error_code"]) == (409, "not_pending")


def test_a_store_that_is_down_is_named(upload: Fixture) -> None:
    upload.api.store.down = True
    answer = upload.complete()
    assert (answer.status_code, answer.json()["error_code"]) == (503, "storage_unavailable")


def test_failing_hook_is_not_the_clients(upload: Fixture, caplog: pytest.LogCaptureFixture) -> None:
    class Broken(list[Uploaded]):
        def append(self, _: Uploaded) -> None:
            raise RuntimeError

    upload.told = Broken()
    upload.api.store.objects[upload.key] = GOOD
    with caplog.at_level(logging.ERROR, "petrec.api"):
        assert upload.complete().status_code == 200
    assert "on_uploaded failed" in caplog.messages
    assert upload.row("status") == ("uploaded",)


@pytest.mark.parametrize("second", [False, True])
def test_pet_by_certain_evidence_only(
    upload: Fixture, caplog: pytest.LogCaptureFixture, second: bool
) -> None:
    upload.api.database.execute(f"UPDATE recordings SET pet_id = NULL WHERE id = '{upload.id[4:]}'")
    if second:
        upload.api.database.execute(
            f"INSERT INTO pets SELECT gen_random_uuid(), owner_id, 'B', 'Cat', NULL, now()"
            f" FROM pets WHERE id = '{PET1}';"
            f"INSERT INTO appointment_pets SELECT '{APPT1}', id FROM pets WHERE name = 'B'"
        )
    upload.api.store.objects[upload.key] = GOOD
    assert upload.complete().status_code == 200
    pet = upload.row("pet_id::text")[0]
    assert pet == (None if second else PET1)
    assert upload.told == [Uploaded(upload.id[4:], pet, upload.key)]
    (logged,) = (vars(each) for each in caplog.records if each.levelno == logging.ERROR)
    assert (logged["recording_id"], logged["pet_id"]) == (upload.id, pet and f"pet-{pet}")
    listed = upload.api.client.get("/api/v1/recordings/")
    assert (upload.id in [one["id"] for one in listed.json()]) is not second
    assert listed.headers["x-petrec-withheld"] == str(int(second))


@pytest.mark.parametrize("level", ["repeatable read", "serializable"])
def test_a_pet_added_while_it_waits_leaves_nothing_certain(upload: Fixture, level: str) -> None:
    """What it has locked it must see as it is then, whatever isolation the database prefers."""
    base = upload.api.database
    base.execute(f"ALTER DATABASE {base.name} SET default_transaction_isolation = '{level}'")
    upload.api.engine.dispose()
    base.execute(f"UPDATE recordings SET pet_id = NULL WHERE id = '{upload.id[4:]}'")
    upload.api.store.objects[upload.key] = GOOD
    other = base.connect(autocommit=False)
    other.execute(
        f"INSERT INTO pets SELECT gen_random_uuid(), owner_id, 'B', 'Cat', NULL, now()"
        f" FROM pets WHERE id = '{PET1}'"
    )
    other.execute(f"INSERT INTO appointment_pets SELECT '{APPT1}', id FROM pets WHERE name = 'B'")
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(upload.complete)
        until(lambda: base.execute("SELECT pid FROM pg_locks WHERE NOT granted"))
        other.commit()
        assert waiting.result().status_code == 200
    assert upload.row("pet_id") == (None,)


def test_a_completion_adds_to_an_upload_that_was_settled_without_it(upload: Fixture) -> None:
    """The sweep knew the file; the client knows its length and device, and cannot change more."""
    upload.api.database.execute(
        "UPDATE recordings SET status = 'transcribed', file_size_bytes = 2048,"
        f""" updated_at = 'epoch', recording_metadata = '{{"n": 1}}' WHERE id = '{upload.id[4:]}'"""
    )
    before = upload.api.database.checksum()
    told = {"device_type": "iPhone", "n": 2} | dict.fromkeys(RESERVED, "forged")
    assert upload.complete(recording_metadata=told, file_size_bytes=2047).status_code == 409
    assert upload.api.database.checksum() == before
    assert upload.complete(recording_metadata=told).status_code == 200
    row = upload.row("status, duration_seconds, recording_metadata, updated_at > 'epoch'")
    assert row == ("transcribed", 3725.9, {"n": 1, "device_type": "iPhone"}, True)
    after = upload.api.database.checksum()
    assert after != before
    again = upload.complete(recording_metadata=told, duration_seconds=1.0)
    assert (again.status_code, upload.told) == (200, [])
    assert upload.api.database.checksum() == after
