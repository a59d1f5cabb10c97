"""Every endpoint by every caller: nobody reads or writes what is not theirs."""

import itertools
import re
from dataclasses import replace

import pytest
from fastapi import FastAPI

from petrec.api import build_router
from tests.plugins.api import Api, Client
from tests.plugins.two_clinics import (
    ABSENT,
    ACTORS,
    ALL,
    APPT1,
    INITIATE,
    OBJECTS,
    OPEN,
    OWN,
    OWNER,
    PET1,
    PET2,
    REC1,
    REC2,
    VET1,
    VET2,
    call,
    send,
    snapshot,
)

pytestmark = pytest.mark.api("two_clinics", options=ALL)


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


def test_no_endpoint_is_left_out(api: Api) -> None:
    """Whoever adds one adds it to the matrix."""
    asked = {(one.method.lower(), bare(one.path)) for one in OBJECTS.values()}
    served = {
        (method, bare(path[7:]))
        for path, operations in api.app.openapi()["paths"].items()
        for method in operations
        if path not in OPEN
    }
    assert served == asked


def bare(path: str) -> str:
    """Return a path without its query and its ids, by either notation."""
    return re.sub(r"[\w-]*ID(?=/|$)|\{\w+\}", "*", path.partition("?")[0])


def test_probes_are_open(api: Api) -> None:
    api.client.http.headers.clear()
    for actor, (path, told) in itertools.product(ACTORS, OPEN.items()):
        assert api.client.get(path, headers=ACTORS[actor]).json() == told, actor


@pytest.mark.few(3)
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


def test_a_host_that_knows_no_caller(api: Api) -> None:
    app = FastAPI()
    router = build_router(api.engine, store=api.store, current_actor=lambda: None)
    app.include_router(router, prefix="/none")
    # The client waits for the row of a refusal, which would be written when the engine has gone.
    app.state.api_logs = router.rejections.logs
    client = Client(app, {})
    answer = client.get("/none/api/v1/recordings/")
    client.close()
    assert (answer.status_code, answer.json()["error_code"]) == (401, "not_authenticated")
    assert answer.headers["cache-control"] == "no-store"


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


def test_an_owner_completes_what_lost_its_pet_in_their_own_appointment_alone(api: Api) -> None:
    api.database.execute(f"UPDATE recordings SET pet_id = NULL, recorded_by_user_id = '{VET1}'")
    answers = [call(api, "owner", "complete", recording) for recording in (REC1, REC2)]
    assert [answer.status_code for answer in answers] == [200, 404]
    completed = "SELECT id::text FROM recordings WHERE status = 'uploaded'"
    assert api.database.execute(completed) == [(REC1,)]
