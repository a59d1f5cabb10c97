"""Clients announce the digest of a file: a real store refuses other bytes, completion as well."""

import base64
import hashlib
from collections.abc import Callable
from typing import Any

import pytest

from petrec.api import Options
from petrec.errors import SettingsError
from tests.plugins.api import Api
from tests.plugins.databases import Database
from tests.plugins.seaweed import Seaweed, upload
from tests.plugins.two_clinics import INITIATE, VET1

UPLOAD = "/api/v1/recordings/upload"
SOUND, OTHER = b"sound", b"other"
FIELD = "x-amz-checksum-sha256"
CHECKED = Options(checksums=True)


def digest(content: bytes) -> str:
    return base64.b64encode(hashlib.sha256(content).digest()).decode()


@pytest.fixture
def api(two_clinics: Database, make_api: Callable[..., Api], seaweed: Seaweed) -> Api:
    made = make_api(database=two_clinics, store=seaweed.store(), options=CHECKED)
    made.client.http.headers["x-user"] = VET1
    return made


def started(api: Api, content: bytes = SOUND, **headers: str) -> Any:
    body = INITIATE | {"checksum_sha256": digest(content)}
    return api.client.post(f"{UPLOAD}/initiate", json=body, headers=headers)


def completed(api: Api, form: Any) -> Any:
    path = f"{UPLOAD}/complete/{form['recording_id']}"
    return api.client.post(path, json={"file_size_bytes": 5})


def test_the_store_refuses_another_file(api: Api) -> None:
    form = started(api).json()
    assert form["upload_fields"][FIELD] == digest(SOUND)
    fields = form["upload_fields"]
    without = {name: value for name, value in fields.items() if name != FIELD}
    for given, content in (
        (fields, OTHER),
        (without, SOUND),
        ({**fields, FIELD: digest(OTHER)}, OTHER),
    ):
        assert 400 <= upload(form["upload_url"], given, content).status_code < 500
        assert completed(api, form).json()["error_code"] == "upload_missing"
    assert upload(form["upload_url"], fields, SOUND).status_code < 300
    assert completed(api, form).status_code == completed(api, form).status_code == 200


def test_completion_compares_what_the_store_has(api: Api, seaweed: Seaweed) -> None:
    form = started(api).json()
    for content, told in ((OTHER, digest(OTHER)), (OTHER, None)):
        client = seaweed.client()
        more = {"ChecksumSHA256": told} if told else {"ChecksumAlgorithm": "CRC32"}
        client.put_object(
            Bucket=form["bucket"], Key=form["s3_key"], Body=content, ContentType="audio/mp4", **more
        )
        client.close()
        refused = completed(api, form)
        assert (refused.status_code, refused.json()["details"]["field"]) == (409, "checksum_sha256")
        assert refused.json()["details"]["actual"] == told


def test_every_form_of_an_upload_demands_the_file(api: Api) -> None:
    key = {"Idempotency-Key": "k"}
    form = started(api, SOUND, **key).json()
    again = started(api, SOUND, **key).json()
    renewed = api.client.post(f"{UPLOAD}/form/{form['recording_id']}").json()
    assert again["recording_id"] == form["recording_id"]
    assert {each["upload_fields"][FIELD] for each in (form, again, renewed)} == {digest(SOUND)}
    reused = started(api, OTHER, **key)
    assert (reused.status_code, reused.json()["error_code"]) == (409, "idempotency_key_reused")


def test_none_is_demanded_without_one(api: Api) -> None:
    form = api.client.post(f"{UPLOAD}/initiate", json=INITIATE).json()
    assert FIELD not in form["upload_fields"]
    for wrong in ("", "x", digest(SOUND)[:-1], f"{digest(SOUND)} ", 5, digest(SOUND)[:-2] + "1="):
        body = INITIATE | {"checksum_sha256": wrong}
        answer = api.client.post(f"{UPLOAD}/initiate", json=body)
        assert (answer.status_code, answer.json()["details"]["field"]) == (400, "checksum_sha256")


def test_a_clients_own_sha256_is_no_digest(api: Api) -> None:
    """Its own name for it neither refuses the file nor makes the same request another one."""
    key = {"Idempotency-Key": "own"}
    form = started(api, SOUND, **key).json()
    assert upload(form["upload_url"], form["upload_fields"], SOUND).status_code < 300
    path = f"{UPLOAD}/complete/{form['recording_id']}"
    forged = dict.fromkeys(("sha256", "petrec_sha256"), digest(OTHER))
    body = {"file_size_bytes": 5, "recording_metadata": forged}
    for _ in range(2):
        assert api.client.post(path, json=body).status_code == 200
        assert started(api, SOUND, **key).json()["recording_id"] == form["recording_id"]
        api.database.execute(
            "UPDATE recordings SET status = 'pending' WHERE id = %s",
            (form["recording_id"].removeprefix("rec-"),),
        )


@pytest.mark.parametrize(
    "change",
    [
        "DROP COLUMN recording_metadata",
        "ALTER recording_metadata TYPE varchar(40) USING '{}'",
    ],
)
def test_a_table_that_does_not_keep_the_digest_is_refused(
    make_api: Callable[..., Api], api: Api, caplog: pytest.LogCaptureFixture, change: str
) -> None:
    """Else the promise that no other file is taken would be kept by nothing."""
    api.database.execute(f"ALTER TABLE recordings {change}")
    checked = make_api(database=api.database, store=api.store, options=CHECKED)
    checked.client.http.headers["x-user"] = VET1
    assert started(checked).status_code == 500
    assert "recordings.recording_metadata" in caplog.text
    ready = checked.client.get("/api/v1/ready")
    assert (ready.status_code, ready.json()["error_code"]) == (503, "not_ready")
    unchecked = make_api(database=api.database, store=api.store)
    unchecked.client.http.headers["x-user"] = VET1
    assert unchecked.client.get("/api/v1/ready").status_code == 200
    assert unchecked.client.post(f"{UPLOAD}/initiate", json=INITIATE).status_code == 200


def test_a_store_that_checks_nothing_is_refused(make_api: Callable[..., Api], api: Api) -> None:
    with pytest.raises(SettingsError, match="sha256"):
        make_api(database=api.database, options=CHECKED)
