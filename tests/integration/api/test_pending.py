"""Pending uploads: another form, the end without a file, and both at once."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.plugins.api import Api, Client
from tests.plugins.two_clinics import ACTORS, INITIATE, REC1, VET1, write

pytestmark = pytest.mark.api("two_clinics", headers=ACTORS["staff"] | {"x-user": VET1})


def post(api: Api, word: str, *, recording: str = f"rec-{REC1}", **body: Any) -> tuple[int, Any]:
    path = f"/api/v1/recordings/upload/{word}/{recording}"
    answer = api.client.post(path, json=body or None)
    return answer.status_code, answer.json()


def status(api: Api) -> str:
    return str(api.database.execute(f"SELECT status FROM recordings WHERE id = '{REC1}'")[0][0])


def test_another_form_is_for_the_same_object(api: Api) -> None:
    made = write(api, "initiate").json()
    code, form = post(api, "form", recording=made["recording_id"])
    assert code == 200
    assert form["upload_fields"].keys() == made["upload_fields"].keys()
    changing = {"upload_fields": None}
    assert form | changing == made | changing


def test_a_cancelled_upload_stays_as_failed(api: Api) -> None:
    for _ in range(2):
        expected = {"status": "cancelled", "recording_id": f"rec-{REC1}"}
        assert post(api, "cancel") == (200, expected)
    assert status(api) == "failed"
    noted = "SELECT recording_metadata ? 'petrec_cancelled_at' FROM recordings WHERE id = %s"
    assert api.database.execute(noted, (REC1,)) == [(True,)]
    for word in ("form", "complete"):
        code, refused = post(api, word, file_size_bytes=3)
        assert (code, refused["error_code"]) == (409, "not_pending")
    listed = api.client.get("/api/v1/recordings/?status=failed").json()
    assert [one["id"] for one in listed] == [f"rec-{REC1}"]


def test_its_key_does_not_bring_a_cancelled_upload_back(api: Api) -> None:
    path, key = "/api/v1/recordings/upload/initiate", {"Idempotency-Key": "k"}
    made = api.client.post(path, json=INITIATE, headers=key).json()
    assert post(api, "cancel", recording=made["recording_id"])[0] == 200
    again = api.client.post(path, json=INITIATE, headers=key)
    assert (again.status_code, again.json()["error_code"]) == (409, "not_pending")


def test_a_complete_upload_is_neither_renewed_nor_cancelled(api: Api) -> None:
    assert post(api, "complete", file_size_bytes=3)[0] == 200
    for word in ("form", "cancel"):
        code, refused = post(api, word)
        assert (code, refused["error_code"]) == (409, "not_pending")
    assert status(api) == "uploaded"


def test_one_of_cancel_and_complete_wins(api: Api) -> None:
    path = "/api/v1/recordings/upload"
    hold = api.database.connect(autocommit=False)
    hold.execute(f"SELECT FROM recordings WHERE id = '{REC1}' FOR UPDATE")

    def send(word: str, body: Any) -> int:

        client = Client(api.app, dict(api.client.http.headers))
        try:
            return client.post(f"{path}/{word}/rec-{REC1}", json=body).status_code
        finally:
            client.close()

    with ThreadPoolExecutor(2) as pool:
        both = [
            pool.submit(send, word, body)
            for word, body in (("cancel", None), ("complete", {"file_size_bytes": 3}))
        ]
        hold.rollback()
        hold.close()
        codes = [one.result() for one in both]
    assert sorted(codes) == [200, 409]
    assert status(api) == ("failed" if codes[0] == 200 else "uploaded")


def test_what_a_form_needs_is_not_there(api: Api) -> None:
    api.database.execute("UPDATE recordings SET mime_type = NULL")
    code, refused = post(api, "form")
    assert (code, refused["error_code"]) == (409, "no_form")


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE recordings ADD CHECK (status IN ('pending', 'uploaded'))",
        "CREATE TYPE step AS ENUM ('pending', 'uploaded');"
        "ALTER TABLE recordings ALTER status TYPE step USING status::step",
    ],
)
def test_a_status_that_cannot_say_so_refuses_a_cancellation(api: Api, change: str) -> None:
    api.database.execute(change)
    code, refused = post(api, "cancel")
    assert (code, refused["error_code"], status(api)) == (409, "not_cancellable", "pending")
    assert post(api, "complete", file_size_bytes=3)[0] == 200
