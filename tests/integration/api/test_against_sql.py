"""Every read endpoint by every caller, against SQL of our own, on random clinics."""

import json
import os
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from petrec.api.recordings import queries
from petrec.api.visits import read
from petrec.settings import Mapping
from tests.integration.api.hand_written import (
    ALL_RECORDINGS,
    CALLERS,
    PETS,
    RECORDINGS,
    TABLES,
    VISITS,
    WITHHELD,
    fill,
    full,
)
from tests.plugins.api import Api
from tests.plugins.databases import Database

_NUMBER, _MAYBE = st.integers(1, 6), st.sampled_from([None, 1, 2, 3, 4, 5, 6, 9])
_TIME = st.sampled_from([None, "2025-09-01 10:00Z", "2025-09-01 10:00Z", "2025-09-02 10:00Z"])
_AUTHOR = st.sampled_from([1, 2, 3, 9])
_CALLERS = st.lists(st.sampled_from(sorted(CALLERS)), min_size=1, max_size=2, unique=True)
# What soft deletion hides of the full clinic.
GONE = {
    "users": "id = 2",
    "pets": "id IN (2, 4)",
    "appointments": "id = 3",
    "appointment_pets": "pet_id = 4",
    "visits": "id IN (2, 4)",
    "recordings": "id % 3 = 0",
}
MANY = int(os.environ.get("PETREC_EXAMPLES", "2"))
links = st.lists(st.tuples(_NUMBER, _NUMBER), max_size=12)
visits = st.lists(st.tuples(_NUMBER, _MAYBE, _TIME, _AUTHOR), max_size=5)
recordings = st.lists(
    # Half of them lack their pet.
    st.tuples(_MAYBE, st.none() | _MAYBE, st.sampled_from([None, 1, 2, 3]), _AUTHOR, _TIME),
    max_size=9,
)


def number(wire: str) -> int:
    return int(wire.partition("-")[2])


def headers(caller: str) -> dict[str, str]:
    who = CALLERS[caller]
    found = {"x-user": "1", "x-role": "admin" if who.get("all") else "vet"}
    found |= {f"x-{name}": str(who[name]) for name in ("owner", "practice") if name in who}
    return found


class Asked:
    """One caller's answers, in pages of so many rows, beside SQL's."""

    def __init__(
        self, api: Api, connection: psycopg.Connection[Any], caller: str, rows: int = 2
    ) -> None:
        self.api, self.connection, self.headers = api, connection, headers(caller)
        self.rows = rows
        self.withheld = 0
        self.who = {"all": False, "owner": None, "practice": None} | CALLERS[caller]

    def sql(self, query: str, **values: Any) -> list[Any]:
        given = self.who | {"pet": None, "at": None, "status": None, "each": 2} | values
        return self.connection.execute(query, given).fetchall()

    def pages(self, path: str, **filters: Any) -> list[Any]:
        names = {"pet": "pet_id", "at": "appointment_id", "status": "status"}
        self.withheld, rows = 0, list[Any]()
        sent = {names[k]: v for k, v in filters.items() if v is not None} | {"limit": self.rows}
        while True:
            answer = self.api.client.get(path, params=sent, headers=self.headers)
            assert answer.status_code == 200, answer.text
            rows += answer.json()
            self.withheld += int(answer.headers.get("x-petrec-withheld", 0))
            if "x-next-cursor" not in answer.headers:
                return rows
            assert len(answer.json()) == self.rows
            sent["cursor"] = answer.headers["x-next-cursor"]

    def lists(self, **filters: Any) -> None:
        for status in (None, "pending"):
            self.recordings(status=status, **filters)
        found = self.pages("/api/v1/visits/", **filters)
        shown = [(number(v["id"]), [number(r["id"]) for r in v["recordings"]]) for v in found]
        assert shown == self.sql(VISITS, **filters), filters

    def recordings(self, **filters: Any) -> None:
        found = self.pages("/api/v1/recordings/", **filters)
        served = [(number(r["id"]), number(r["pet_id"])) for r in found]
        assert served == self.sql(RECORDINGS, **filters), filters
        assert [(self.withheld,)] == self.sql(WITHHELD, **filters), filters

    def details(self) -> None:
        pets = dict(self.sql(ALL_RECORDINGS))
        for recording in range(1, 11):
            path = f"/api/v1/recordings/rec-{recording}"
            answer = self.api.client.get(path, headers=self.headers)
            shown = answer.json().get("pet_id")
            assert shown == (f"pet-{pets[recording]}" if recording in pets else None), path
        seen = dict(self.sql(VISITS))
        for visit in range(1, 6):
            answer = self.api.client.get(f"/api/v1/visits/visit-{visit}", headers=self.headers)
            assert answer.status_code == (200 if visit in seen else 404)
            if visit in seen:
                assert [number(r["id"]) for r in answer.json()["recordings"]] == seen[visit]
        for at in range(1, 8):
            answer = self.api.client.get(f"/api/v1/appointments/{at}", headers=self.headers)
            expected = self.sql(PETS, at=at)
            assert answer.status_code == (200 if expected else 404)
            if expected:
                assert [number(p["id"]) for p in answer.json()["pets"]] == expected[0][0]


FEW = "two recordings of a visit"
pytestmark = pytest.mark.api("hand_written", shares=FEW)


@pytest.fixture
def hand_written(empty_database: Database, monkeypatch: pytest.MonkeyPatch) -> Database:
    monkeypatch.setattr(read, "RECORDINGS", 2)
    empty_database.execute(TABLES)
    return empty_database


@pytest.mark.long
def test_lists_of_random_clinics_are_what_sql_selects(api: Api) -> None:
    connection = api.database.connect()

    @settings(max_examples=MANY, suppress_health_check=list(HealthCheck))
    @given(links, visits, recordings, _MAYBE, _MAYBE, _CALLERS)
    def hold(
        linked: Any, visited: Any, recorded: Any, pet: Any, at: Any, callers: list[str]
    ) -> None:
        fill(connection, linked, visited, recorded)
        for caller in callers:
            asked = Asked(api, connection, caller)
            for filters in ({}, {"pet": pet}, {"at": at}, {"pet": pet, "at": at}):
                asked.lists(**filters)
            asked.details()

    hold()


def test_a_full_clinic_answers_every_caller_as_sql_does(api: Api) -> None:
    """So full that each filter, join and correlation changes some caller's answer."""
    connection = api.database.connect()
    fill(connection, *full())
    answers = set()
    for caller in CALLERS:
        asked = Asked(api, connection, caller, rows=4)
        for pet, at in ((None, None), (2, None), (None, 3), (4, 3), (5, 4)):
            asked.lists(pet=pet, at=at)
        asked.details()
        answers.add(json.dumps(asked.sql(RECORDINGS)))
    assert len(answers) == len(CALLERS)


@pytest.mark.api("hand_written", shares="no appointment in turn")
def test_many_appointments_change_no_answer(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "IN_TURN", 0)
    connection = api.database.connect()
    fill(connection, *full())
    for caller in ("practice 1", "practice 2", "practice 3"):
        for status in (None, "pending", "failed"):
            Asked(api, connection, caller, rows=4).recordings(status=status)


LIVE = "CREATE SCHEMA live;" + "".join(
    f"ALTER TABLE {table} ADD gone boolean;"
    f"CREATE VIEW live.{table} AS SELECT * FROM public.{table} WHERE gone IS NOT TRUE;"
    for table in GONE
)


@pytest.mark.few(2)
@pytest.mark.parametrize("table", GONE)
def test_rows_that_do_not_count_are_as_good_as_absent(
    make_api: Callable[..., Api],
    empty_database: Database,
    monkeypatch: pytest.MonkeyPatch,
    table: str,
) -> None:
    monkeypatch.setattr(read, "RECORDINGS", 2)
    empty_database.execute(TABLES + LIVE)
    api = make_api(
        database=empty_database,
        shares=FEW,
        mapping=Mapping(where=dict.fromkeys(GONE, "gone IS NOT TRUE")),
    )
    connection = api.database.connect()
    fill(connection, *full())
    asked = Asked(api, connection, "admin")
    before = [asked.sql(query, at=3) for query in (RECORDINGS, VISITS, PETS)]
    connection.execute(f"UPDATE {table} SET gone = true WHERE {GONE[table]}")
    connection.execute("SET search_path = live")
    after = [asked.sql(query, at=3) for query in (RECORDINGS, VISITS, PETS)]
    assert after != before or table == "users"
    for caller in ("admin", "owner 2", "practice 2"):
        asked = Asked(api, connection, caller, rows=4)
        for filters in ({}, {"pet": 4, "at": 3}):
            asked.lists(**filters)
        asked.details()
