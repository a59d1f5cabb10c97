"""The stand-alone application's callers: headers, owners' tokens, no table of users."""

import itertools
import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from petrec.api.host.standalone import make_app
from petrec.api.http.openapi import document
from petrec.postgres.dsn import resolve_dsn
from petrec.settings import ServeSettings, Settings, StoreSettings, TokenSettings
from tests.integration.host.test_serve import API, SECRET, bearer
from tests.plugins import guide
from tests.plugins.api import Client
from tests.plugins.databases import Database, MakeDatabase

KEYS = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "PETREC_JWT_KEY": SECRET}
SETTINGS = Settings(
    serve=ServeSettings(
        token=TokenSettings(algorithms=("HS256",), audience="petrec"),
        store=StoreSettings(bucket="clinic-recordings"),
        metrics=True,
    )
)
Make = Callable[[Database], Client]


@pytest.fixture
def client() -> Iterator[Make]:
    made: list[Client] = []

    def make(base: Database) -> Client:
        made.append(Client(make_app(resolve_dsn(base.dsn, None, {}), SETTINGS, KEYS), {}))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def base(database: MakeDatabase) -> Database:
    return guide.fill(database("text_ids"))


def ids(answer: Any) -> set[str]:
    assert answer.status_code == 200, answer.text
    return {row["id"] for row in answer.json()}


def test_an_owners_token_shows_the_owners_own(base: Database, client: Make) -> None:
    http = client(base)
    own, url = f"rec-{guide.RECORDING}", f"{API}/recordings/"
    mine = bearer("somebody", owner_id=guide.OWNER)
    assert ids(http.get(url, headers=mine)) == {own}
    # Nothing else in an owner's token makes more of it.
    more = bearer(guide.VET, owner_id=guide.OWNER, role="admin", practice_id=guide.PRACTICE)
    assert ids(http.get(url, headers=more)) == {own}
    assert ids(http.get(url, headers=bearer(owner_id="another"))) == set()
    for bad in ("", 7, "a\nb", "x" * 201, [guide.OWNER, "b"], {"a": 1}, True):
        answer = http.get(url, headers=bearer(owner_id=bad))
        assert (answer.status_code, answer.json()["error_code"]) == (401, "invalid_token"), bad


def test_the_table_outweighs_the_token(base: Database, client: Make) -> None:
    base.execute("UPDATE users SET practice_id = 'elsewhere' WHERE id = %s", (guide.RECORDER,))
    http, url = client(base), f"{API}/appointments/appt-{guide.APPOINTMENT}"
    forged = bearer(guide.RECORDER, role="admin", practice_id=guide.PRACTICE)
    assert http.get(url, headers=forged).status_code == 404
    assert http.get(url, headers=bearer(guide.VET)).status_code == 200


def test_without_a_users_table(base: Database, client: Make) -> None:
    base.execute("DROP TABLE users CASCADE")
    http, url = client(base), f"{API}/appointments/appt-{guide.APPOINTMENT}"
    for claims, status in (
        ({"practice_id": guide.PRACTICE}, 200),
        ({"practice_id": "elsewhere"}, 404),
        ({"role": "admin"}, 404),
        ({}, 404),
    ):
        assert http.get(url, headers=bearer("anyone", **claims)).status_code == status, claims
    made = http.post(
        f"{API}/recordings/upload/initiate", json=guide.INITIATE,
        headers=bearer("anyone", practice_id=guide.PRACTICE),
    )  # fmt: skip
    assert made.status_code == 200


def test_every_operation_asks_for_a_good_token(base: Database, client: Make) -> None:
    """Each refusal is one row, which names nobody."""
    http = client(base)
    past = int(time.time()) - 3600
    refused = {
        "not_authenticated": {},
        "invalid_token": bearer(exp=past),
    }
    base.execute("TRUNCATE api_logs")
    asked: list[tuple[str, str]] = []
    for path, operations in document()["paths"].items():
        for method, (code, headers) in itertools.product(operations, refused.items()):
            if operations[method].get("security"):
                answer = http.request(method.upper(), filled(path), headers=headers, json={})
                assert (answer.status_code, answer.json()["error_code"]) == (401, code), path
                assert answer.headers["www-authenticate"].startswith("Bearer")
                asked.append((method.upper(), code))
    assert len(asked) == 28, "fourteen operations"
    noted = "SELECT method, error_code, user_id FROM api_logs ORDER BY id"
    assert base.execute(noted) == [(method, code, None) for method, code in asked]


def filled(path: str) -> str:
    """Put the guide's ids in a path."""
    known = {"appointment": guide.APPOINTMENT, "recording": guide.RECORDING, "visit": guide.VISIT}
    return re.sub(r"\{(\w+)_id\}", lambda found: known[found[1]], path)


@pytest.mark.few(4)
@pytest.mark.parametrize(
    "value",
    ["Bearer", "Bearer ", "bearer x", "Basic dTpw", "Bearer a b", "Token {}", "{}", "Bearer  {}",
     "Bearer {} ", "Bearer {},Bearer {}", "Bearer \xff\xfe", "Bearer " + "a" * 20_000,
     "Bearer ....", "Bearer a.b.c"],
)  # fmt: skip
def test_a_malformed_header_is_refused_and_not_repeated(
    base: Database, client: Make, value: str
) -> None:
    token = bearer()["Authorization"][7:]
    sent = value.replace("{}", token).encode("latin-1")
    answer = client(base).get(f"{API}/recordings/", headers=[(b"authorization", sent)])
    assert (answer.status_code, answer.json()["error_code"]) == (401, "invalid_token")
    assert token not in answer.text


def test_two_headers_are_refused(base: Database, client: Make) -> None:
    good = ("Authorization", bearer()["Authorization"])
    http = client(base)
    for pair in ([good, good], [good, ("Authorization", "Bearer x")]):
        assert http.get(f"{API}/recordings/", headers=pair).status_code == 401
    lower = {"authorization": f"bEARER {good[1][7:]}"}
    assert http.get(f"{API}/recordings/", headers=lower).status_code == 200


def test_no_token_in_the_query_or_a_cookie(base: Database, client: Make) -> None:
    token = bearer()["Authorization"][7:]
    http = client(base)
    for path, headers in ((f"?access_token={token}", {}), ("", {"Cookie": f"token={token}"})):
        assert http.get(f"{API}/recordings/{path}", headers=headers).status_code == 401


def test_no_other_origin_is_let_in(base: Database, client: Make) -> None:
    http, origin = client(base), {"Origin": "https://evil.example"}
    asked = {"Access-Control-Request-Method": "GET"}
    answers = [http.get(f"{API}/recordings/", headers=origin | bearer())]
    answers.append(http.request("OPTIONS", f"{API}/recordings/", headers=origin | asked))
    for answer in answers:
        assert not [name for name in answer.headers if name.startswith("access-control")]


def test_refusals_are_counted_by_code(base: Database, client: Make) -> None:
    http, path = client(base), f"{API}/recordings/"
    for number in range(3):
        http.get(f"{API}/appointments/appt-{number}", headers=bearer())
    http.get(path)
    http.get(f"{path}?limit=0", headers=bearer())
    http.request("PUT", path, headers=bearer())
    http.get(path, headers=bearer())
    lines = http.get("/metrics").text.splitlines()
    refused = {line for line in lines if line.startswith("petrec_refused_total{")}
    assert refused == {
        'petrec_refused_total{error_code="appointment_not_found",method="GET",'
        'route="/api/v1/appointments/{appointment_id}"} 3.0',
        *(
            f'petrec_refused_total{{error_code="{code}",method="{method}",route="{path}"}} 1.0'
            for code, method in (
                ("not_authenticated", "GET"),
                ("invalid_request", "GET"),
                ("method_not_allowed", "PUT"),
            )
        ),
    }
