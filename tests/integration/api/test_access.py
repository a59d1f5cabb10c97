"""Every endpoint by every caller: nobody reads or writes what is not theirs."""

import itertools
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest

from petrec.api import StoredObject
from petrec.api.http.openapi import document
from tests.plugins.api import Api
from tests.plugins.databases import Database, MakeDatabase

ABSENT = "11111111-1111-4111-8111-111111111111"
P1, P2 = "aaaaaaaa-0000-4000-8000-000000000001", "aaaaaaaa-0000-4000-8000-000000000002"
O1, O2 = "bbbbbbbb-0000-4000-8000-000000000001", "bbbbbbbb-0000-4000-8000-000000000002"
VET1, VET2 = "cccccccc-0000-4000-8000-000000000001", "cccccccc-0000-4000-8000-000000000002"
PET1, PET2 = "dddddddd-0000-4000-8000-000000000001", "dddddddd-0000-4000-8000-000000000002"
APPT1, APPT2 = "eeeeeeee-0000-4000-8000-000000000001", "eeeeeeee-0000-4000-8000-000000000002"
REC1, REC2 = "ffffffff-0000-4000-8000-000000000001", "ffffffff-0000-4000-8000-000000000002"
VISIT1, VISIT2 = "99999999-0000-4000-8000-000000000001", "99999999-0000-4000-8000-000000000002"


def clinic_rows(
    practice: str, owner: str, vet: str, pet: str, appt: str, rec: str, visit: str
) -> str:
    """Return a clinic with one of everything, the recording without its file."""
    return f"""
INSERT INTO users VALUES ('{vet}', '{practice}', 'vet', '{vet}@x', 'V');
INSERT INTO pet_owners VALUES ('{owner}', 'O', NULL);
INSERT INTO pets VALUES ('{pet}', '{owner}', 'Rex', 'Dog', NULL, now());
INSERT INTO appointments VALUES ('{appt}', '{practice}', '{owner}', '{vet}', now(), 30,
  'checkup', 'open', 'Checkup', NULL, NULL, now(), now());
INSERT INTO appointment_pets VALUES ('{appt}', '{pet}');
INSERT INTO visits VALUES ('{visit}', '{pet}', '{appt}', now(), 'checkup', 'open', NULL, NULL,
  NULL, NULL, false, NULL, '{vet}', now(), now());
INSERT INTO recordings VALUES ('{rec}', '{appt}', '{pet}', '{vet}', 'visit_audio', 'pending',
  'f.m4a', 'o.m4a', NULL, NULL, 'audio/mp4', 'key-{rec}', NULL, NULL, NULL, false, false, '{{}}',
  now(), now(), NULL);
"""


# Two clinics side by side: number one is the caller's, number two is foreign.
ROWS = (
    "TRUNCATE recordings, visits, appointment_pets, appointments, pets, api_logs CASCADE;"
    + clinic_rows(P1, O1, VET1, PET1, APPT1, REC1, VISIT1)
    + clinic_rows(P2, O2, VET2, PET2, APPT2, REC2, VISIT2)
)
ACTORS: dict[str, dict[str, str]] = {
    "owner": {"x-user": VET1, "x-role": "owner", "x-owner": O1},
    "staff": {"x-user": VET1, "x-role": "vet", "x-practice": P1},
    "other owner": {"x-user": VET2, "x-role": "owner", "x-owner": O2},
    "other staff": {"x-user": VET2, "x-role": "vet", "x-practice": P2},
    "nobody": {"x-user": VET1, "x-role": "vet"},
    "admin": {"x-user": VET1, "x-role": "admin"},
    "anonymous": {},
    "expired": {"x-user": VET1, "x-role": "admin", "x-expired": "1"},
}
INITIATE = {
    "appointment_id": f"appt-{APPT1}",
    "pet_id": f"pet-{PET1}",
    "recording_type": "visit_audio",
    "filename": "a.m4a",
    "content_type": "audio/mp4",
}


@dataclass(frozen=True)
class Call:
    """One endpoint, aimed at an object by its id; `mine` is the object that may be had."""

    method: str
    path: str
    mine: str
    foreign: str
    body: dict[str, Any] | None = None


OBJECTS = {
    "appointment": Call("GET", "/appointments/appt-ID", APPT1, APPT2),
    "recordings": Call("GET", "/recordings/?appointment_id=appt-ID", APPT1, APPT2),
    "recordings of pet": Call("GET", "/recordings/?pet_id=pet-ID", PET1, PET2),
    "visits": Call("GET", "/visits/?appointment_id=appt-ID", APPT1, APPT2),
    "visits of pet": Call("GET", "/visits/?pet_id=pet-ID", PET1, PET2),
    "read visit": Call("GET", "/visits/visit-ID", VISIT1, VISIT2),
    "complete": Call(
        "POST", "/recordings/upload/complete/rec-ID", REC1, REC2, {"file_size_bytes": 3}
    ),
    "initiate": Call(
        "POST", "/recordings/upload/initiate", APPT1, APPT2,
        INITIATE | {"appointment_id": "appt-ID"},
    ),
    "create visit": Call(
        "POST", "/visits/", APPT1, APPT2,
        {"pet_id": f"pet-{PET1}", "appointment_id": "appt-ID", "visit_type": "checkup"},
    ),
    "update visit": Call("PATCH", "/visits/visit-ID", VISIT1, VISIT2, {"notes": "n"}),
    "delete visit": Call("DELETE", "/visits/visit-ID", VISIT1, VISIT2),
}  # fmt: skip
# What the two callers of clinic one get for their own objects; the owner writes no visits.
OWN = {"create visit": 201, "delete visit": 204}
# This clinic's recordings name their author, a user, without exception.
OPEN = {
    "/api/v1/health": {"status": "ok"},
    "/api/v1/ready": {"status": "ok", "remarks": ["authors_must_be_users"]},
}
OWNER = OWN | dict.fromkeys(("create visit", "update visit", "delete visit"), 403)


@pytest.fixture
def api(make_api: Callable[..., Api], database: MakeDatabase) -> Api:
    made = database("with_visits")
    made.execute(ROWS)
    api = make_api(database=made)
    api.store.objects[f"key-{REC1}"] = StoredObject(3, "audio/mp4", "e")
    api.store.objects[f"key-{REC2}"] = StoredObject(3, "audio/mp4", "e")
    return api


def call(api: Api, actor: str, name: str, target: str) -> httpx.Response:
    return send(api, actor, OBJECTS[name], target)


def send(
    api: Api, actor: str, one: Call, target: str, headers: dict[str, str] | None = None
) -> httpx.Response:
    api.client.http.headers.clear()
    body = one.body
    body = body and {
        k: v.replace("ID", target) if isinstance(v, str) else v for k, v in body.items()
    }
    path = f"/api/v1{one.path.replace('ID', target)}"
    sent = ACTORS[actor] | (headers or {})
    return api.client.request(one.method, path, json=body, headers=sent)


@pytest.mark.parametrize("actor", ["owner", "staff", "admin"])
def test_everyone_reaches_what_is_theirs(api: Api, actor: str) -> None:
    for name, one in OBJECTS.items():
        expected = (OWNER if actor == "owner" else OWN).get(name, 200)
        answer = call(api, actor, name, one.mine)
        assert answer.status_code == expected, (name, answer.text)
        assert "?" not in one.path or len(answer.json()) == 1, name


def test_an_administrator_has_both_clinics(api: Api) -> None:
    for name, one in OBJECTS.items():
        body = (one.body or {}) | (
            {"pet_id": f"pet-{PET2}"} if "pet_id" in (one.body or {}) else {}
        )
        answer = send(api, "admin", replace(one, body=body or None), one.foreign)
        assert answer.status_code == OWN.get(name, 200), (name, answer.text)
        assert "?" not in one.path or len(answer.json()) == 1, name


def test_no_endpoint_is_left_out() -> None:
    """Whoever adds one adds it to the matrix."""
    asked = {(one.method.lower(), bare(one.path)) for one in OBJECTS.values()}
    for path, operations in document()["paths"].items():
        if path not in OPEN:
            assert {(method, bare(path[7:])) for method in operations} <= asked, path


def bare(path: str) -> str:
    """Return a path without its query and its ids, by either notation."""
    return re.sub(r"[\w-]*ID$|\{\w+\}$", "*", path.partition("?")[0])


def test_probes_are_open(api: Api) -> None:
    api.client.http.headers.clear()
    for actor, (path, told) in itertools.product(ACTORS, OPEN.items()):
        assert api.client.get(path, headers=ACTORS[actor]).json() == told, actor


@pytest.mark.parametrize("actor", ["owner", "staff", "other owner", "other staff", "nobody"])
def test_foreign_answers_as_absent(api: Api, actor: str) -> None:
    before = snapshot(api.database)
    for name, one in OBJECTS.items():
        foreign = one.mine if actor.startswith(("other", "nobody")) else one.foreign
        refused, absent = (call(api, actor, name, target) for target in (foreign, ABSENT))
        assert (refused.status_code, refused.content) == (absent.status_code, absent.content)
        assert refused.headers.items() == absent.headers.items()
        expected = 200 if "?" in one.path else 404
        if name == "create visit" and actor in {"owner", "other owner", "nobody"}:
            expected = 403
        assert refused.status_code == expected, name
        assert expected != 200 or refused.json() == []
    assert snapshot(api.database) == before


@pytest.mark.parametrize("actor", ["anonymous", "expired"])
def test_unknown_callers_reach_nothing(api: Api, actor: str) -> None:
    before = snapshot(api.database)
    for name, one in OBJECTS.items():
        answer = call(api, actor, name, one.mine)
        assert (answer.status_code, answer.json()["error_code"]) == (401, "not_authenticated")
    assert snapshot(api.database) == before


def test_foreign_pet_as_absent(api: Api) -> None:
    """The guide's body names the pet that was sent; all else is equal."""
    answers = []
    for pet in (PET2, ABSENT):
        body = INITIATE | {"pet_id": f"pet-{pet}"}
        answer = api.client.post(
            "/api/v1/recordings/upload/initiate", json=body, headers=ACTORS["staff"]
        )
        answers.append((answer.status_code, answer.text.replace(pet, "?")))
    assert answers[0] == answers[1]
    assert answers[0][0] == 400


def test_pet_known_but_denied(api: Api) -> None:
    """Another owner's pet in one's own appointment may be known to exist: 403 is explicit."""
    api.database.execute(f"INSERT INTO appointment_pets VALUES ('{APPT1}', '{PET2}')")
    answer = api.client.post(
        "/api/v1/recordings/upload/initiate",
        json=INITIATE | {"pet_id": f"pet-{PET2}"},
        headers=ACTORS["owner"],
    )
    assert (answer.status_code, answer.json()["error_code"]) == (403, "access_denied")
    detail = api.client.get(f"/api/v1/appointments/appt-{APPT1}", headers=ACTORS["owner"]).json()
    assert [pet["id"] for pet in detail["pets"]] == [f"pet-{PET1}"]


def test_owner_completes_only_own_uploads(api: Api) -> None:
    path = f"/api/v1/recordings/upload/complete/rec-{REC1}"
    other = ACTORS["owner"] | {"x-user": VET2}
    assert api.client.post(path, json={"file_size_bytes": 3}, headers=other).status_code == 404


def test_account_of_another_shape(api: Api) -> None:
    answer = api.client.get("/api/v1/recordings/", headers={"x-user": "42", "x-role": "admin"})
    assert (answer.status_code, answer.json()["error_code"]) == (403, "access_denied")


def snapshot(database: Database) -> list[tuple[Any, ...]]:
    return database.execute(
        "SELECT md5(string_agg(r::text, '|' ORDER BY r.id)) FROM recordings r UNION ALL"
        " SELECT md5(string_agg(v::text, '|' ORDER BY v.id)) FROM visits v"
    )
