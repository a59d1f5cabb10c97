"""One row for one Idempotency-Key, the same answer for the same request."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from petrec.api import Options
from tests.plugins.api import Api
from tests.plugins.two_clinics import ACTORS, APPT1, INITIATE, P2, PET1, VET1

PATH = "/api/v1/recordings/upload/initiate"
COUNT = "SELECT count(*) FROM recordings"


class Clock:
    """A clock that the test sets."""

    now = datetime(2025, 9, 1, 14, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(milliseconds=10)
        return self.now


CLOCK = Clock()

pytestmark = pytest.mark.api("two_clinics", headers={"x-user": VET1}, options=Options(clock=CLOCK))


def initiate(api: Api, key: str, **change: Any) -> Any:
    return api.client.post(PATH, json=INITIATE | change, headers={"Idempotency-Key": key})


def test_fifty_requests_with_one_key_make_one_upload(api: Api) -> None:
    ((before,),) = api.database.execute(COUNT)

    async def send() -> set[tuple[int, str]]:
        headers = {"Idempotency-Key": "upload-1"}
        calls = [api.client.http.post(PATH, json=INITIATE, headers=headers) for _ in range(50)]
        return {(a.status_code, a.text) for a in await asyncio.gather(*calls)}

    answers = api.client.runner.run(send())
    assert [status for status, _ in answers] == [200]
    assert api.database.execute(COUNT) == [(before + 1,)]


def test_same_key_other_request(api: Api) -> None:
    assert initiate(api, "k").status_code == 200
    answer = initiate(api, "k", filename="other.m4a")
    assert (answer.status_code, answer.json()["error_code"]) == (409, "idempotency_key_reused")


def test_same_key_other_caller(api: Api) -> None:
    first = initiate(api, "k").json()
    api.client.http.headers.update(ACTORS["owner"] | {"x-user": ACTORS["other owner"]["x-user"]})
    assert initiate(api, "k").json()["recording_id"] != first["recording_id"]


def test_expired_form_is_signed_anew_while_pending(api: Api) -> None:
    first = initiate(api, "k").json()
    CLOCK.now += timedelta(minutes=59)
    assert initiate(api, "k").json() == first | {"expires_in": 60}
    CLOCK.now += timedelta(minutes=2)
    again = initiate(api, "k").json()
    assert again["upload_fields"]["policy"] != first["upload_fields"]["policy"]
    assert (again["s3_key"], again["expires_in"]) == (first["s3_key"], 3600)
    # The sweep fails uploads whose row nobody wrote since their form expired.
    ours = f"WHERE s3_key = '{first['s3_key']}'"
    ((since,),) = api.database.execute(f"SELECT updated_at - created_at FROM recordings {ours}")
    assert since == timedelta(minutes=61)
    CLOCK.now += timedelta(minutes=10)
    assert initiate(api, "k").json() == again | {"expires_in": 3000}
    api.database.execute("UPDATE recordings SET status = 'uploaded'")
    assert initiate(api, "k").json() == first | {"expires_in": 0}


@pytest.mark.parametrize(
    "change",
    [
        f"UPDATE appointments SET practice_id = '{P2}' WHERE id = '{APPT1}'",
        f"DELETE FROM appointment_pets WHERE appointment_id = '{APPT1}'",
        f"DELETE FROM pets WHERE id = '{PET1}'",
    ],
)
def test_a_replay_hands_no_form_to_who_lost_access(api: Api, change: str) -> None:
    api.client.http.headers.update(ACTORS["staff"])
    assert initiate(api, "k").status_code == 200
    api.database.execute("ALTER TABLE recordings DISABLE TRIGGER ALL;" + change)
    replayed, anew = initiate(api, "k"), initiate(api, "other")
    assert replayed.status_code in {400, 404}
    assert (replayed.status_code, replayed.text) == (anew.status_code, anew.text)


def test_a_key_that_cannot_be_used_is_refused(api: Api) -> None:
    for key in ("", "a b", "x" * 256):
        answer = initiate(api, key)
        assert (answer.status_code, answer.json()["error_code"]) == (400, "invalid_request")
