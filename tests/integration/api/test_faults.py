"""A failing commit, a database that is gone and comes back, a lost race: what clients see."""

from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from fastapi import FastAPI

from tests.plugins.api import Api
from tests.plugins.cluster import Cluster
from tests.plugins.databases import Database, MakeDatabase
from tests.plugins.two_clinics import APPT1, INITIATE, PET1, ROWS, VET1, VISIT1

PATH = "/api/v1/recordings/upload/initiate"
FAIL_AT_COMMIT = """
CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '{state}'; END $$;
CREATE CONSTRAINT TRIGGER fail AFTER INSERT OR UPDATE ON recordings
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION fail();
"""

pytestmark = pytest.mark.api("two_clinics", headers={"x-user": VET1})


@pytest.mark.few(2)
@pytest.mark.parametrize(
    ("state", "status"), [("P0001", 500), ("40001", 503), ("23514", 500), ("57014", 503)]
)
def test_failing_commit_never_answers_2xx(api: Api, state: str, status: int) -> None:
    api.database.execute(FAIL_AT_COMMIT.format(state=state))
    count = api.database.execute("SELECT count(*) FROM recordings")
    answer = api.client.post(PATH, json=INITIATE)
    assert answer.status_code == status
    assert set(answer.json()) == {"error", "error_code", "message", "details"}
    assert api.database.execute("SELECT count(*) FROM recordings") == count


def test_failing_commit_of_a_completion(api: Api) -> None:
    made = api.client.post(PATH, json=INITIATE).json()
    from petrec.api import StoredObject

    api.store.objects[made["s3_key"]] = StoredObject(3, "audio/mp4", "e")
    api.database.execute(FAIL_AT_COMMIT.format(state="P0001"))
    path = f"/api/v1/recordings/upload/complete/{made['recording_id']}"
    assert api.client.post(path, json={"file_size_bytes": 3}).status_code == 500
    rows = api.database.execute("SELECT DISTINCT status FROM recordings")
    assert rows == [("pending",)]


@pytest.mark.few(2)
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "", {"pet_id": PET1, "appointment_id": APPT1, "visit_type": "checkup"}),
        ("POST", "", {"pet_id": PET1, "visit_type": "checkup"}),
        ("PATCH", f"visit-{VISIT1}", {"notes": "n"}),
        ("DELETE", f"visit-{VISIT1}", None),
    ],
)
def test_failing_commit_of_a_visit(
    api: Api, method: str, path: str, body: dict[str, Any] | None
) -> None:
    digest = "SELECT md5(string_agg(v::text, '|' ORDER BY id)) FROM visits v"
    before = api.database.execute(digest)
    for state, status in (("P0001", 500), ("40001", 503)):
        fail = FAIL_AT_COMMIT.format(state=state).replace(" recordings\n", " visits\n")
        fail = fail.replace("INSERT OR UPDATE", "INSERT OR UPDATE OR DELETE")
        api.database.execute(fail)
        answer = api.client.request(method, f"/api/v1/visits/{path}", json=body)
        assert answer.status_code == status, answer.text
        assert set(answer.json()) == {"error", "error_code", "message", "details"}
        api.database.execute("DROP FUNCTION fail CASCADE")
    assert api.database.execute(digest) == before


def test_row_of_a_refusal_survives_the_rollback(api: Api) -> None:
    """A foreign key refuses an author who is no user; the note has its own transaction."""
    stranger = VET1[:-1] + "9"
    answer = api.client.post(PATH, json=INITIATE, headers={"x-user": stranger})
    assert answer.status_code == 403
    noted = "SELECT status_code, error_code, user_id::text FROM api_logs"
    assert api.database.execute(noted) == [(403, "access_denied", stranger)]


def test_database_down_and_back(
    private_cluster: Callable[[], Cluster],
    database: MakeDatabase,
    make_api: Callable[..., Api],
) -> None:
    server = private_cluster()
    made = database("with_visits", server)
    made.execute(ROWS)
    api = make_api(database=made)
    assert api.client.get("/api/v1/ready").status_code == 200
    server.stop()
    for path in ("/ready", "/recordings/", f"/appointments/appt-{APPT1}"):
        answer = api.client.get(f"/api/v1{path}")
        assert (answer.status_code, answer.json()["error_code"]) == (503, "database_unavailable")
        assert answer.headers["retry-after"] == "1"
        assert "127.0.0.1" not in answer.text
    assert api.client.get("/api/v1/health").status_code == 200
    server.start_again()
    # Connections of the pool are known to be dead since the first of them failed.
    assert [api.client.get("/api/v1/recordings/").status_code for _ in range(3)][-1] == 200
    assert api.client.get("/api/v1/ready").status_code == 200


def test_started_before_its_database(
    private_cluster: Callable[[], Cluster], make_api: Callable[..., Api]
) -> None:
    server = private_cluster()
    api = make_api(database=Database(server, "later", "empty"))
    assert api.client.get("/api/v1/ready").json()["error_code"] == "database_unavailable"
    with psycopg.connect(server.dsn(), autocommit=True) as connection:
        connection.execute("CREATE DATABASE later")
    assert api.client.get("/api/v1/ready").json()["error_code"] == "not_ready"


def test_a_database_that_takes_no_writes_is_not_ready(api: Api) -> None:
    """As after a failover, at the address of the former primary."""
    assert api.client.get("/api/v1/ready").status_code == 200
    name = api.database.name
    api.database.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    api.engine.dispose()
    answer = api.client.get("/api/v1/ready")
    assert (answer.status_code, answer.json()["error_code"]) == (503, "read_only")
    assert api.client.get("/api/v1/recordings/").status_code == 200


def test_hosts_routes_keep_their_format(api: Api) -> None:
    host: FastAPI = api.app

    @host.get("/own/{number}")
    def own(number: int) -> int:
        return 1 // number

    assert "detail" in api.client.get("/own/x").json()
    assert "detail" in api.client.get("/nowhere").json()


def test_a_method_that_there_is_not(api: Api) -> None:
    """Each method of a path has a route of its own; the answer names them all."""
    for path, methods in (
        ("/visits/", "GET, POST"),
        ("/visits", "GET, POST"),
        (f"/visits/visit-{VISIT1}", "DELETE, GET, PATCH"),
        ("/recordings/", "GET"),
        ("/recordings/upload/initiate", "POST"),
    ):
        answer = api.client.request("PUT", f"/api/v1{path}")
        assert (answer.status_code, answer.json()["error_code"]) == (405, "method_not_allowed")
        assert answer.headers["allow"] == methods, path
