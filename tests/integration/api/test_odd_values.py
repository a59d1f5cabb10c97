"""Odd types and values in every column that goes over the wire: one row never spoils a page."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.plugins.api import Api
from tests.plugins.databases import Database

TABLES = """
CREATE TYPE odd AS ENUM ('failed', 'uploaded');
CREATE TABLE pets (id int PRIMARY KEY, owner_id int, name text);
CREATE TABLE appointments (id int PRIMARY KEY, pet_owner_id int, practice_id int,
  appointment_date timestamptz, duration_minutes int, status text, created_at timestamptz,
  updated_at timestamptz);
CREATE TABLE appointment_pets (appointment_id int, pet_id int);
CREATE TABLE visits (id int PRIMARY KEY, pet_id int, appointment_id int, visit_date timestamptz,
  visit_type text, status text, created_by int, follow_up_required boolean, follow_up_date date,
  created_at timestamptz, updated_at timestamptz);
CREATE TABLE recordings (id int PRIMARY KEY, appointment_id int, pet_id int, visit_id int,
  recorded_by_user_id int, recording_type text, status text, s3_key text, file_size_bytes bigint,
  duration_seconds float8, transcript_confidence float8, transcript_text text,
  is_transcribed boolean, is_processing boolean, created_at timestamptz, updated_at timestamptz);
INSERT INTO pets VALUES (1, 1, 'Rex'), (2, 2, 'Tom');
INSERT INTO appointments (id, pet_owner_id) SELECT n, 1 FROM generate_series(1, 7) n;
INSERT INTO appointment_pets SELECT n, 1 FROM generate_series(1, 7) n;
INSERT INTO visits (id, pet_id, visit_type, status, created_by)
  SELECT n, 1, 'call', 'open', 1 FROM generate_series(1, 7) n;
INSERT INTO recordings (id, appointment_id, pet_id, visit_id, recording_type, status)
  SELECT n, n, 1, n, 'visit_audio', 'uploaded' FROM generate_series(1, 7) n;
"""
TIMES = (
    *("timestamptz", "timestamp"),
    ["infinity", "-infinity", "0044-03-15 BC", "12000-01-01", "2025-09-01 14:00:00.5", None],
    [None, None, None, None, "2025-09-01T14:00:00Z", None],
)
DATES = (["infinity", "-infinity", "0044-03-15 BC", "12000-01-01", "2025-09-01", None],)
TEXT_TIMES = ["yesterday", "", "2025-09-01T14:00:00Z", None]
NUMBERS = ["NaN", "Infinity", "-Infinity", "1e30", "0.5", None]
# Type, values as they are stored, what is served for a moment or a number or the like.
MOMENTS: list[tuple[str, list[Any], list[Any]]] = [
    ("timestamptz", TIMES[2], TIMES[3]),
    ("timestamp", TIMES[2], TIMES[3]),
    ("date", DATES[0], [None, None, None, None, "2025-09-01T00:00:00Z", None]),
    ("text", TEXT_TIMES, [None, None, "2025-09-01T14:00:00Z", None]),
    ("bigint", ["1756735200", None], [None, None]),
    ("varchar(40)", ["x"], [None]),
    ("time", ["10:00"], [None]),
]
AMOUNTS: list[tuple[str, list[Any], list[Any]]] = [
    ("float8", NUMBERS, [None, None, None, None, 0.5, None]),
    ("real", NUMBERS, [None, None, None, None, 0.5, None]),
    ("numeric", [*NUMBERS, "1e-400"], [None, None, None, None, 0.5, None, 0]),
    ("text", ["NaN", "1e9", "180.5", "3:00", None], [None, None, 180.5, None, None]),
    ("interval", ["3 minutes", "1.5 s", None], [180.0, 1.5, None]),
    ("jsonb", ["1"], [None]),
]
COUNTS: list[tuple[str, list[Any], list[Any]]] = [
    ("bigint", ["5"], [5]),
    ("numeric", ["NaN", "5", "5.5", None], [None, 5, None, None]),
    ("float8", ["Infinity", "5", "NaN"], [None, 5, None]),
    ("text", ["5", "five", "-"], [5, None, None]),
]
TEXTS: list[tuple[str, list[Any], list[Any]]] = [
    ("odd", ["failed", "uploaded"], ["failed", "uploaded"]),
    ("int", ["1"], ["1"]),
    ("boolean", ["t"], ["true"]),
    ("jsonb", ['"a"'], ['"a"']),
    ("name", ["a"], ["a"]),
]
FLAGS: list[tuple[str, list[Any], list[Any]]] = [
    ("int", ["0", "1", None], [False, True, False]),
    ("text", ["false", "true", "maybe", None], [False, True, False, False]),
    ("interval", ["1 s"], [False]),
]
COLUMNS: dict[tuple[str, str], list[tuple[str, list[Any], list[Any]]]] = {
    **{("recordings", n): MOMENTS for n in ("created_at", "updated_at")},
    **{("recordings", n): AMOUNTS for n in ("duration_seconds", "transcript_confidence")},
    **{("recordings", n): FLAGS for n in ("is_transcribed", "is_processing")},
    **{("recordings", n): TEXTS for n in ("status", "recording_type", "transcript_text")},
    ("recordings", "file_size_bytes"): COUNTS,
    **{("visits", n): MOMENTS for n in ("visit_date", "created_at", "updated_at")},
    ("visits", "follow_up_date"): [
        ("date", DATES[0], [None, None, None, None, "2025-09-01", None]),
        ("timestamptz", TIMES[2], [None, None, None, None, "2025-09-01", None]),
        ("text", ["2025-09-01", "x"], ["2025-09-01", None]),
    ],
    ("visits", "follow_up_required"): FLAGS,
    **{("visits", n): TEXTS for n in ("status", "visit_type")},
    **{("appointments", n): MOMENTS for n in ("appointment_date", "created_at", "updated_at")},
    ("appointments", "duration_minutes"): [*COUNTS, ("interval", ["30 minutes"], [30])],
    ("appointments", "status"): TEXTS,
}


pytestmark = pytest.mark.api("odd_values")


@pytest.fixture
def odd_values(empty_database: Database) -> Database:
    empty_database.execute(TABLES)
    return empty_database


def walk(api: Api, table: str) -> dict[int, Any]:
    """Return what is served of each row, by its id, from pages of two where there are pages."""
    if table == "appointments":
        found = [api.client.get(f"/api/v1/appointments/appt-{n}") for n in range(1, 8)]
        assert {answer.status_code for answer in found} == {200}, found[0].text
        return {n: answer.json() for n, answer in enumerate(found, 1)}
    rows, cursor = [], ""
    while True:
        answer = api.client.get(f"/api/v1/{table}/?limit=2{cursor}")
        assert answer.status_code == 200, answer.text
        rows += answer.json()
        if "x-next-cursor" not in answer.headers:
            break
        cursor = f"&cursor={answer.headers['x-next-cursor']}"
    ids = [int(row["id"].partition("-")[2]) for row in rows]
    assert sorted(ids) == list(range(1, 8)), "every row once"
    order = "visit_date" if table == "visits" else "created_at"
    query = f"SELECT id FROM {table} ORDER BY {order} DESC, id DESC"
    assert ids == [row[0] for row in api.database.execute(query)]
    return dict(zip(ids, rows, strict=True))


@pytest.mark.few(2)
@pytest.mark.parametrize(("table", "column"), COLUMNS)
def test_odd_values_of_every_column_are_served(
    make_api: Callable[..., Api], api: Api, table: str, column: str
) -> None:
    for kind, stored, served in COLUMNS[table, column]:
        run = api.database.connect().execute
        run(f"ALTER TABLE {table} DROP COLUMN {column}; ALTER TABLE {table} ADD {column} {kind}")
        for number in range(1, 8):
            value = stored[number % len(stored)]
            if kind == "timestamptz" and value and value[0] == "2":
                value += "Z"
            run(f"UPDATE {table} SET {column} = %s::{kind} WHERE id = {number}", (value,))
        fresh = make_api(database=api.database)
        fresh.client.http.headers["x-user"] = "1"
        rows = walk(fresh, table)
        for number, row in rows.items():
            expected = served[number % len(stored)]
            assert row[column] == expected, (kind, stored[number % len(stored)])
        if table == "recordings":
            visit = fresh.client.get("/api/v1/visits/visit-1").json()
            assert [one["id"] for one in visit["recordings"]] == ["rec-1"]
