"""The host's limit on rates is asked before a caller is known and after; probes are not limited."""

from collections import Counter
from collections.abc import Callable

import pytest
from fastapi import FastAPI, Request

from petrec.api import Actor
from tests.plugins.api import Api
from tests.plugins.databases import Database
from tests.plugins.two_clinics import ABSENT, APPT1, O1, VET1

API = "/api/v1"


class Allowance:
    """So many requests for each caller, and for all that are not known yet."""

    def __init__(self, callers: int, strangers: int) -> None:
        self.callers, self.strangers = callers, strangers
        self.asked: Counter[str | None] = Counter()

    async def __call__(self, request: Request, actor: Actor | None) -> float | None:
        assert request.url.path.startswith(API)
        who = actor.user_id if actor is not None else None
        self.asked[who] += 1
        most = self.strangers if actor is None else self.callers
        return 1.2 if self.asked[who] > most else None


@pytest.fixture
def limited(two_clinics: Database, make_api: Callable[..., Api]) -> Callable[[int, int], Api]:
    def make(callers: int, strangers: int) -> Api:
        api = make_api(database=two_clinics, rate_limit=Allowance(callers, strangers))
        api.client.http.headers["x-user"] = VET1
        return api

    return make


def test_each_caller_has_a_rate(limited: Callable[[int, int], Api]) -> None:
    api = limited(2, 100)
    path = f"{API}/appointments/appt-{APPT1}"
    assert [api.client.get(path).status_code for _ in range(3)] == [200, 200, 429]
    refused = api.client.get(path)
    assert refused.headers["retry-after"] == "2"
    assert refused.json() == {
        "error": "too_many_requests", "error_code": "rate_limited",
        "message": "Too many requests; try again later", "details": {},
    }  # fmt: skip
    other = {"x-user": "owner", "x-owner": O1, "x-role": "owner"}
    assert api.client.get(f"{API}/recordings/", headers=other).status_code != 429
    noted = "SELECT error_code, user_id::text FROM api_logs WHERE status_code = 429"
    assert api.database.execute(noted) == [("rate_limited", VET1)] * 2


@pytest.mark.parametrize(
    ("wait_s", "expected"), [(0.0, None), (float("nan"), None), (float("inf"), "86400")]
)
def test_any_number_is_a_time(
    make_api: Callable[..., Api], wait_s: float, expected: str | None
) -> None:
    async def limit(request: Request, actor: Actor | None) -> float | None:
        return wait_s

    api = make_api(rate_limit=limit)
    answer = api.client.get(f"{API}/appointments/appt-{APPT1}")
    assert answer.headers.get("retry-after") == expected
    assert (answer.status_code == 429) is (expected is not None)


def test_strangers_are_limited_before_their_token_is_read(
    limited: Callable[[int, int], Api],
) -> None:
    api = limited(100, 2)
    expired = {"x-expired": "1"}
    answers = [api.client.get(f"{API}/recordings/", headers=expired) for _ in range(3)]
    assert [one.status_code for one in answers] == [401, 401, 429]
    assert api.client.get(f"{API}/visits/visit-{ABSENT}").status_code == 429
    for probe in ("health", "live", "ready"):
        assert api.client.get(f"{API}/{probe}").status_code == 200


def test_the_document_has_the_answer_only_with_a_limit(
    limited: Callable[[int, int], Api], two_clinics: Database, make_api: Callable[..., Api]
) -> None:
    assert all(has_429(limited(1, 1).app).values())
    assert not any(has_429(make_api(database=two_clinics).app).values())


def has_429(app: FastAPI) -> dict[str, bool]:
    """Return for each operation that asks for a caller whether its document names 429."""
    return {
        f"{method} {path}": "429" in operation["responses"]
        for path, operations in app.openapi()["paths"].items()
        for method, operation in operations.items()
        if not path.endswith(("/health", "/ready", "/live"))
    }
