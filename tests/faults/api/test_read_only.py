"""A database that takes no writes: they are 503, reads go on, and nothing is kept of a write."""

from collections.abc import Callable
from typing import Any

import pytest

from petrec.api import Options, StoredObject
from petrec.features.runs.journal.install import install_journal
from tests.plugins.api import Api
from tests.plugins.cluster import Cluster
from tests.plugins.databases import Database, MakeDatabase
from tests.plugins.two_clinics import ACTORS, APPT1, INITIATE, PET1, REC1, REC2, ROWS, VET1, VISIT1

API = "/api/v1"
NEW_VISIT = {"pet_id": f"pet-{PET1}", "appointment_id": f"appt-{APPT1}", "visit_type": "checkup"}
WRITES: list[tuple[str, str, dict[str, Any] | None]] = [
    ("POST", "/recordings/upload/initiate", INITIATE),
    ("POST", f"/recordings/upload/complete/{REC1}", {"file_size_bytes": 3}),
    ("POST", f"/recordings/upload/form/{REC1}", None),
    ("POST", f"/recordings/upload/cancel/{REC1}", None),
    ("PATCH", f"/recordings/rec-{REC1}", {"pet_id": f"pet-{PET1}"}),
    ("POST", "/visits/", NEW_VISIT),
    ("PATCH", f"/visits/visit-{VISIT1}", {"notes": "n"}),
    ("DELETE", f"/visits/visit-{VISIT1}", None),
]
RECORDING = f"/recordings/rec-{REC1}"
READS = ("/recordings/", f"/recordings/rec-{REC1}", f"/appointments/appt-{APPT1}", "/visits/")
MORE = "dddddddd-0000-4000-8000-000000000003"
SECOND = f"""
INSERT INTO pets SELECT '{MORE}', owner_id, 'Bo', 'Cat', NULL, now() FROM pets WHERE id = '{PET1}';
INSERT INTO appointment_pets VALUES ('{APPT1}', '{MORE}');
"""
DIGEST = """
SELECT (SELECT md5(string_agg(r::text, '|' ORDER BY id)) FROM recordings r),
       (SELECT md5(string_agg(v::text, '|' ORDER BY id)) FROM visits v)
"""


def check(api: Api) -> None:
    """Check what a read-only database answers; the log's row of a refusal is lost and counted."""
    before = api.database.execute(DIGEST)
    for method, path, body in WRITES:
        answer = api.client.request(method, f"{API}{path}", json=body)
        assert answer.status_code == 503, (path, answer.text)
        assert answer.json()["error_code"] == "read_only"
        assert answer.headers["retry-after"] == "1"
    for path in READS:
        assert api.client.get(f"{API}{path}").status_code == 200, path
    assert api.client.get(f"{API}/ready").json()["error_code"] == "read_only"
    reads = api.client.get(f"{API}/ready?writes=false")
    assert (reads.status_code, reads.json()["remarks"][0]) == (200, "read_only")
    assert api.client.get(f"{API}/ready?writes=maybe").status_code == 400
    assert api.router.rejections.logs.dropped == 1
    assert api.database.execute(DIGEST) == before


def prepared(api: Api) -> Api:
    api.client.http.headers["x-user"] = VET1
    api.store.objects.update({f"key-{n}": StoredObject(3, "audio/mp4", "e") for n in (REC1, REC2)})
    return api


@pytest.mark.api("two_clinics", headers={"x-user": VET1})
def test_a_former_primary_that_is_fenced(api: Api) -> None:
    name = api.database.name
    assert api.client.get(f"{API}/ready").status_code == 200
    api.database.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    api.engine.dispose()
    check(prepared(api))
    # As with an address that leads to the new primary: the pool keeps no connection to the old one.
    unfence(api)
    started = [api.client.post(f"{API}{WRITES[0][1]}", json=INITIATE) for _ in range(2)]
    assert started[-1].status_code == 200


def unfence(api: Api) -> None:
    with api.database.connect() as admin:
        admin.execute("SET default_transaction_read_only = off")
        admin.execute(f"ALTER DATABASE {api.database.name} RESET default_transaction_read_only")


@pytest.mark.api("two_clinics", headers=ACTORS["staff"], options=Options(deletions=True))
@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/ready", 200), ("PATCH", RECORDING, 200), ("DELETE", RECORDING, 204)],
)
def test_each_kind_of_request_leaves_the_former_primary(
    api: Api, method: str, path: str, status: int
) -> None:
    """Nothing else is asked meanwhile that could drop the connections to it."""
    api.database.execute(SECOND)
    for branch in ("journal", "erasures"):
        install_journal(api.engine, branch)
    body = {"pet_id": f"pet-{MORE}"} if method == "PATCH" else None

    def ask() -> int:
        return api.client.request(method, f"{API}{path}", json=body).status_code

    name = api.database.name
    api.database.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    api.engine.dispose()
    assert ask() == 503
    with api.engine.connect():
        unfence(api)
    assert [ask() for _ in range(2)][-1] == status


def test_a_standby_until_it_is_promoted(
    private_cluster: Callable[[], Cluster], database: MakeDatabase, make_api: Callable[..., Api]
) -> None:
    primary = private_cluster()
    made = database("with_visits", primary)
    made.execute(ROWS)
    standby = primary.make_standby()
    try:
        there = Database(standby, made.name, "with_visits")
        api = prepared(make_api(database=there, options=Options(request_s=60)))
        check(api)
        there.execute("SELECT pg_promote()")
        assert api.client.post(f"{API}{WRITES[0][1]}", json=INITIATE).status_code == 200
        assert api.client.get(f"{API}/ready").status_code == 200
    finally:
        standby.stop()
