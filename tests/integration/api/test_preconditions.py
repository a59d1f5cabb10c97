"""If-Match on recordings and visits, and two changes at once."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from petrec.api import Options
from tests.plugins.api import Api, Client
from tests.plugins.two_clinics import ACTORS, APPT1, PET1, REC1, VISIT1

MORE = "dddddddd-0000-4000-8000-000000000003"
RECORDING = f"/api/v1/recordings/rec-{REC1}"
SECOND = f"""
INSERT INTO pets SELECT '{MORE}', owner_id, 'Bo', 'Cat', NULL, now() FROM pets WHERE id = '{PET1}';
INSERT INTO appointment_pets VALUES ('{APPT1}', '{MORE}');
"""

pytestmark = pytest.mark.api("two_clinics", headers=ACTORS["staff"])


@pytest.fixture(autouse=True)
def _second(api: Api) -> None:
    api.database.execute(SECOND)


def patch(api: Api, pet: str, if_match: str | None = None) -> Any:
    headers = {} if if_match is None else {"If-Match": if_match}
    body = {"pet_id": f"pet-{pet}"}
    return api.client.request("PATCH", RECORDING, json=body, headers=headers)


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error_code"]


def test_a_change_needs_the_state_that_was_seen(api: Api) -> None:
    for path, body in (
        (RECORDING, {"pet_id": f"pet-{MORE}"}),
        (f"/api/v1/visits/visit-{VISIT1}", {"notes": "n"}),
    ):
        seen = api.client.get(path).headers["etag"]
        send = {"json": body, "headers": {"If-Match": f'"other", {seen}'}}
        changed = api.client.request("PATCH", path, **send)
        assert changed.status_code == 200
        assert changed.headers["etag"] == api.client.get(path).headers["etag"] != seen
        assert code(api.client.request("PATCH", path, **send)) == (412, "precondition_failed")
        weak = {"If-Match": f"W/{changed.headers['etag']}"}
        assert api.client.request("PATCH", path, json=body, headers=weak).status_code == 412
    assert api.client.request("DELETE", path, headers={"If-Match": seen}).status_code == 412


def test_a_recording_of_a_visit_leaves_the_visits_tag(api: Api) -> None:
    path = f"/api/v1/visits/visit-{VISIT1}"
    seen = api.client.get(path).headers["etag"]
    api.database.execute(
        f"UPDATE recordings SET visit_id = '{VISIT1}', status = 'uploaded' WHERE id = '{REC1}'"
    )
    visit = api.client.get(path)
    assert (visit.headers["etag"], len(visit.json()["recordings"])) == (seen, 1)


@pytest.mark.api("two_clinics", headers=ACTORS["staff"], options=Options(require_if_match=True))
def test_a_host_may_ask_for_if_match(api: Api) -> None:
    assert code(patch(api, MORE)) == (428, "precondition_required")
    visit = f"/api/v1/visits/visit-{VISIT1}"
    for method in ("PATCH", "DELETE"):
        answer = api.client.request(method, visit, json={"notes": "n"})
        assert code(answer) == (428, "precondition_required")
    tag = api.client.get(RECORDING).headers["etag"]
    assert patch(api, MORE, if_match=tag).status_code == 200


def test_of_two_at_once_one_finds_the_state_changed(api: Api) -> None:
    tag = api.client.get(RECORDING).headers["etag"]
    headers = dict(api.client.http.headers) | {"If-Match": tag}

    def send(_: int) -> int:
        client = Client(api.app, headers)
        try:
            body = {"pet_id": f"pet-{MORE}"}
            return client.request("PATCH", RECORDING, json=body).status_code
        finally:
            client.close()

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(send, range(4))) == [200, 412, 412, 412]
    assert api.database.execute("SELECT count(*) FROM petrec.changes") == [(1,)]


def test_a_row_that_others_hold_is_busy_after_a_while(api: Api) -> None:
    api.database.execute(f"ALTER DATABASE {api.database.name} SET lock_timeout = '200ms'")
    hold = api.database.connect(autocommit=False)
    hold.execute(f"SELECT FROM recordings WHERE id = '{REC1}' FOR UPDATE")
    assert code(patch(api, MORE)) == (503, "database_busy")
    hold.rollback()
    assert patch(api, MORE).status_code == 200
