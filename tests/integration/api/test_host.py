"""What a host may choose: its own policy, a role with little more than nothing."""

import asyncio
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from petrec.api import Actor, ClinicPolicy, Scope, StoredObject, Uploaded
from petrec.schema import Schema
from tests.plugins.api import Api, Client, actor_from_headers, admin
from tests.plugins.cluster import Cluster
from tests.plugins.command import ROOT
from tests.plugins.databases import Database, MakeDatabase
from tests.plugins.two_clinics import ACTORS, APPT1, INITIATE, PET1, REC1, ROWS, VET1, VISIT1

# What docs/api.md says the role needs.
GRANTS = """
CREATE ROLE app LOGIN;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO app;
GRANT INSERT, UPDATE ON recordings TO app;
GRANT ALL ON visits TO app;
GRANT INSERT ON api_logs TO app;
GRANT UPDATE (pet_id) ON appointment_pets TO app;
GRANT UPDATE (id) ON appointments TO app;
"""


@pytest.fixture
def made(database: MakeDatabase) -> Database:
    new = database("with_visits")
    new.execute(ROWS)
    return new


def test_the_router_works_with_the_grants_documented(
    made: Database, make_api: Callable[..., Api]
) -> None:
    made.execute(GRANTS)
    try:
        api = make_api(database=made, user="app")
        run_all(api)
    finally:
        made.execute("DROP OWNED BY app; DROP ROLE app")


def test_the_programs_of_the_page_make_hosts_that_answer(api: Api) -> None:
    """Each goes on from the first, which imports FastAPI and the router."""
    given = {"engine": api.engine, "async_engine": api.engine, "store": api.store}
    names: dict[str, Any] = given | {"current_actor": actor_from_headers}
    page = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    found = re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    for code in found:
        exec(code, names)
        # The program for an asyncio engine ends with the router.
        if "include_router" in code:
            client = Client(names["app"], headers=admin())
            assert client.get("/api/v1/recordings/").status_code == 200, code
            assert "/api/v1/recordings/" in client.get("/openapi.json").json()["paths"], code
            client.close()
    assert len(found) == 4


def test_the_router_works_on_every_server(
    any_cluster: Cluster, database: MakeDatabase, make_api: Callable[..., Api]
) -> None:
    made = database("with_visits", any_cluster)
    made.execute(ROWS)
    run_all(make_api(database=made))


def run_all(api: Api) -> None:
    api.client.http.headers["x-user"] = VET1
    send = api.client.request
    started = send("POST", "/api/v1/recordings/upload/initiate", json=INITIATE)
    assert started.status_code == 200, started.text
    api.database.execute("UPDATE recordings SET pet_id = NULL")
    key, recording = started.json()["s3_key"], started.json()["recording_id"]
    api.store.objects[key] = StoredObject(3, "audio/mp4", "e")
    path = f"/api/v1/recordings/upload/complete/{recording}"
    assert send("POST", path, json={"file_size_bytes": 3}).status_code == 200
    for status, number in (("uploaded", 1), ("pending", 2)):
        assert len(send("GET", f"/api/v1/recordings/?status={status}").json()) == number
    assert send("GET", f"/api/v1/recordings/{recording}/audio").status_code == 200
    new = {"pet_id": PET1, "appointment_id": APPT1, "visit_type": "checkup"}
    visit = f"/api/v1/visits/{send('POST', '/api/v1/visits/', json=new).json()['id']}"
    assert send("PATCH", visit, json={"notes": "n"}).status_code == 200
    assert send("DELETE", visit).status_code == 204
    assert send("GET", f"/api/v1/appointments/{APPT1}").status_code == 200
    assert send("GET", visit).status_code == 404
    assert api.database.execute("SELECT error_code FROM api_logs") == [("visit_not_found",)]


class ReadersOnly(ClinicPolicy):
    """Staff may look, and not write visits."""

    def scope(self, schema: Schema, actor: Actor) -> Scope:
        return replace(super().scope(schema, actor), key="readers", writes_visits=False)


def test_policy_of_the_hosts_own(made: Database, make_api: Callable[..., Api]) -> None:
    api = make_api(database=made, policy=ReadersOnly())
    api.client.http.headers.update(ACTORS["staff"])
    visit = f"/api/v1/visits/{VISIT1}"
    assert api.client.get(visit).status_code == 200
    assert api.client.request("DELETE", visit).status_code == 403


def test_many_complete_at_once(made: Database, make_api: Callable[..., Api]) -> None:
    told: list[Uploaded] = []
    api = make_api(database=made, on_uploaded=told.append)
    api.store.objects[f"key-{REC1}"] = StoredObject(3, "audio/mp4", "e")
    path = f"/api/v1/recordings/upload/complete/{REC1}"

    async def send() -> set[tuple[int, str]]:
        body: dict[str, Any] = {"file_size_bytes": 3}
        calls = [api.client.http.post(path, json=body) for _ in range(15)]
        return {(a.status_code, a.text) for a in await asyncio.gather(*calls)}

    answers = api.client.runner.run(send())
    assert [status for status, _ in answers] == [200]
    assert told == [Uploaded(REC1, PET1, f"key-{REC1}")]
