"""Every read endpoint by every caller, against SQL of our own, on random clinics."""

import json
import os
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from petrec.api.visits import read
from petrec.settings import Mapping
from tests.plugins.api import Api
from tests.plugins.databases import Database

TABLES = """
CREATE TABLE users (id int PRIMARY KEY, practice_id int);
CREATE TABLE pets (id int PRIMARY KEY, owner_id int, name text);
CREATE TABLE appointments (id int PRIMARY KEY, pet_owner_id int, practice_id int);
CREATE TABLE appointment_pets (appointment_id int, pet_id int);
CREATE TABLE visits (id int PRIMARY KEY, pet_id int, appointment_id int, visit_date timestamptz,
  visit_type text DEFAULT 'call', status text DEFAULT 'open', created_by int);
CREATE TABLE recordings (id int PRIMARY KEY, appointment_id int, pet_id int, visit_id int,
  recorded_by_user_id int, created_at timestamptz, recording_type text, status text, s3_key text);
INSERT INTO users VALUES (1, 1), (2, 2), (3, 3);
INSERT INTO pets SELECT n, 1 + n % 3, 'pet ' || n % 2 FROM generate_series(1, 6) n;
INSERT INTO appointments SELECT n, 1 + n % 3, 1 + n / 2 % 3 FROM generate_series(1, 6) n;
"""
# ruff: noqa: E501
# What the documents promise, in plain words of SQL; %(...)s say who calls.
SEEN = """
WITH caller AS (SELECT %(all)s::bool AS everything, %(owner)s::int AS owner, %(practice)s::int AS practice),
seen_appointments AS (SELECT a.* FROM appointments a, caller k WHERE k.everything
  OR a.pet_owner_id = k.owner OR a.practice_id = k.practice),
seen_pets AS (SELECT p.* FROM pets p, caller k WHERE k.everything OR p.owner_id = k.owner
  OR p.id IN (SELECT l.pet_id FROM appointment_pets l JOIN appointments a ON a.id = l.appointment_id
              WHERE a.practice_id = k.practice)),
folded AS (SELECT a.id, array_agg(DISTINCT l.pet_id) AS pets
  FROM appointments a JOIN appointment_pets l ON l.appointment_id = a.id GROUP BY a.id),
inferred AS (SELECT r.id, CASE WHEN v.pet_id IS NOT NULL AND EXISTS (SELECT FROM pets WHERE id = v.pet_id)
      THEN v.pet_id WHEN cardinality(f.pets) = 1 AND f.pets[1] IN (SELECT id FROM pets)
      THEN f.pets[1] END AS pet
  FROM recordings r LEFT JOIN folded f ON f.id = r.appointment_id LEFT JOIN visits v ON v.id = r.visit_id
  WHERE r.pet_id IS NULL AND (r.appointment_id IS NULL OR r.appointment_id IN (SELECT id FROM appointments))
    AND NOT coalesce(v.appointment_id <> r.appointment_id, false)
    AND NOT coalesce(r.appointment_id IS NOT NULL AND v.pet_id IS NOT NULL
                     AND v.pet_id <> ALL (coalesce(f.pets, '{}')), false)),
served AS (SELECT r.*, coalesce(r.pet_id, i.pet) AS shown FROM recordings r LEFT JOIN inferred i USING (id)
  WHERE coalesce(r.pet_id, i.pet) IN (SELECT id FROM pets)),
seen_recordings AS (SELECT s.* FROM served s, caller k WHERE k.everything
  OR (k.owner IS NOT NULL AND s.shown IN (SELECT id FROM seen_pets))
  OR s.appointment_id IN (SELECT id FROM appointments a WHERE a.practice_id = k.practice)
  OR (s.appointment_id IS NULL AND s.recorded_by_user_id IN
      (SELECT id FROM users u WHERE u.practice_id = k.practice))),
seen_visits AS (SELECT v.* FROM visits v, caller k WHERE k.everything
  OR v.pet_id IN (SELECT id FROM pets WHERE owner_id = k.owner)
  OR v.appointment_id IN (SELECT id FROM appointments a WHERE a.practice_id = k.practice)
  OR (v.appointment_id IS NULL AND v.created_by IN (SELECT id FROM users u WHERE u.practice_id = k.practice)))
"""
RECORDINGS = (
    SEEN + "SELECT id, shown FROM seen_recordings WHERE (%(pet)s::int IS NULL OR shown = %(pet)s)"
    " AND (%(at)s::int IS NULL OR appointment_id = %(at)s) ORDER BY created_at DESC, id DESC"
)
VISITS = (
    SEEN
    + "SELECT v.id, (SELECT coalesce(json_agg(r.id ORDER BY r.created_at DESC, r.id DESC), '[]')"
    " FROM (SELECT * FROM seen_recordings s WHERE s.visit_id = v.id ORDER BY created_at DESC, id DESC"
    " LIMIT %(each)s) r) FROM seen_visits v WHERE (%(pet)s::int IS NULL OR pet_id = %(pet)s)"
    " AND (%(at)s::int IS NULL OR appointment_id = %(at)s) ORDER BY visit_date DESC, id DESC"
)
PETS = (
    SEEN
    + "SELECT (SELECT coalesce(json_agg(p.id ORDER BY p.name, p.id), '[]') FROM seen_pets p WHERE"
    " EXISTS (SELECT FROM appointment_pets l WHERE l.pet_id = p.id AND l.appointment_id = a.id))"
    " FROM seen_appointments a WHERE a.id = %(at)s"
)
CALLERS: dict[str, dict[str, Any]] = {
    "admin": {"all": True},
    **{f"owner {n}": {"owner": n} for n in (1, 2, 3)},
    **{f"practice {n}": {"practice": n} for n in (1, 2, 3)},
    "nobody": {},
}
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
MANY = int(os.environ.get("PETREC_EXAMPLES", "20"))
links = st.lists(st.tuples(_NUMBER, _NUMBER), max_size=12)
visits = st.lists(st.tuples(_NUMBER, _MAYBE, _TIME, _AUTHOR), max_size=5)
recordings = st.lists(
    st.tuples(_MAYBE, _MAYBE, st.sampled_from([None, 1, 2, 3]), _AUTHOR, _TIME), max_size=9
)


def fill(connection: psycopg.Connection[Any], *rows: list[tuple[Any, ...]]) -> None:
    run = connection.cursor().executemany
    connection.execute("TRUNCATE appointment_pets, visits, recordings")
    linked, visited, recorded = rows
    run("INSERT INTO appointment_pets VALUES (%s, %s)", linked)
    sql = "INSERT INTO visits (id, pet_id, appointment_id, visit_date, created_by)"
    run(f"{sql} VALUES (%s, %s, %s, %s, %s)", [(n, *row) for n, row in enumerate(visited, 1)])
    sql = "INSERT INTO recordings (id, appointment_id, pet_id, visit_id, recorded_by_user_id,"
    values = [(n, *row) for n, row in enumerate(recorded, 1)]
    run(f"{sql} created_at) VALUES (%s, %s, %s, %s, %s, %s)", values)


def number(wire: str) -> int:
    return int(wire.partition("-")[2])


def headers(caller: str) -> dict[str, str]:
    who = CALLERS[caller]
    found = {"x-user": "1", "x-role": "admin" if who.get("all") else "vet"}
    found |= {f"x-{name}": str(who[name]) for name in ("owner", "practice") if name in who}
    return found


class Asked:
    """One caller's answers, beside SQL's."""

    def __init__(self, api: Api, connection: psycopg.Connection[Any], caller: str) -> None:
        self.api, self.connection, self.headers = api, connection, headers(caller)
        self.who = {"all": False, "owner": None, "practice": None} | CALLERS[caller]

    def sql(self, query: str, **values: Any) -> list[Any]:
        given = self.who | {"pet": None, "at": None, "each": 2} | values
        return self.connection.execute(query, given).fetchall()

    def pages(self, path: str, **filters: Any) -> list[Any]:
        names = {"pet": "pet_id", "at": "appointment_id"}
        rows: list[Any] = []
        sent = {names[k]: v for k, v in filters.items() if v is not None} | {"limit": 2}
        while True:
            answer = self.api.client.get(path, params=sent, headers=self.headers)
            assert answer.status_code == 200, answer.text
            rows += answer.json()
            if "x-next-cursor" not in answer.headers:
                return rows
            assert len(answer.json()) == 2
            sent["cursor"] = answer.headers["x-next-cursor"]

    def lists(self, **filters: Any) -> None:
        found = self.pages("/api/v1/recordings/", **filters)
        served = [(number(r["id"]), number(r["pet_id"])) for r in found]
        assert served == self.sql(RECORDINGS, **filters), filters
        found = self.pages("/api/v1/visits/", **filters)
        shown = [(number(v["id"]), [number(r["id"]) for r in v["recordings"]]) for v in found]
        assert shown == self.sql(VISITS, **filters), filters

    def details(self) -> None:
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


@pytest.fixture
def api(
    make_api: Callable[..., Api], empty_database: Database, monkeypatch: pytest.MonkeyPatch
) -> Api:
    monkeypatch.setattr(read, "RECORDINGS", 2)
    empty_database.execute(TABLES)
    return make_api(database=empty_database)


def test_lists_of_random_clinics_are_what_sql_selects(api: Api) -> None:
    connection = api.database.connect()

    @settings(max_examples=MANY, deadline=None, suppress_health_check=list(HealthCheck))
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


def full() -> tuple[list[Any], list[Any], list[Any]]:
    """Return links, visits and recordings of which each query's parts change some answer."""
    times = ["2025-09-01 10:00Z", "2025-09-01 10:00Z", None, "2025-09-02 10:00Z"]
    linked = [(at, 1 + (at + n) % 6) for at in range(1, 7) for n in range(at % 5)]
    visited = [(1 + n % 6, (None, 1, 2, 3)[n % 4], times[n % 3], 1 + n % 3) for n in range(5)]
    recorded = [
        ((None, 1, 2, 3, 4, 5, 9)[n % 7], (None, 1, 2, 3, 4, 5, 6, 9)[n % 8],
         (None, 1, 2, 3)[n % 4], 1 + n % 3, times[n % 4])
        for n in range(60)
    ]  # fmt: skip
    return linked, visited, recorded


def test_a_full_clinic(api: Api) -> None:
    """So full that each filter, join and correlation changes some caller's answer."""
    connection = api.database.connect()
    fill(connection, *full())
    answers = set()
    for caller in CALLERS:
        asked = Asked(api, connection, caller)
        for pet, at in ((None, None), (2, None), (None, 3), (4, 3), (5, 4)):
            asked.lists(pet=pet, at=at)
        asked.details()
        answers.add(json.dumps(asked.sql(RECORDINGS)))
    assert len(answers) == len(CALLERS)


LIVE = "CREATE SCHEMA live;" + "".join(
    f"ALTER TABLE {table} ADD gone boolean;"
    f"CREATE VIEW live.{table} AS SELECT * FROM public.{table} WHERE gone IS NOT TRUE;"
    for table in GONE
)


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
        database=empty_database, mapping=Mapping(where=dict.fromkeys(GONE, "gone IS NOT TRUE"))
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
        asked = Asked(api, connection, caller)
        for filters in ({}, {"pet": 4, "at": 3}):
            asked.lists(**filters)
        asked.details()
