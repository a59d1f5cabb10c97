"""Rows and columns as older applications left them: no times, no time zones, no author, no key."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from petrec.api import Options, StoredObject
from tests.plugins.api import Api
from tests.plugins.databases import Database, MakeDatabase
from tests.plugins.two_clinics import ACTORS, APPT1, INITIATE, PET1, REC1, ROWS, VET1

START = "/api/v1/recordings/upload/initiate"
LIST = f"/api/v1/recordings/?pet_id={PET1}"
MORE = f"""
INSERT INTO recordings (id, appointment_id, pet_id, recorded_by_user_id, recording_type, status,
  filename, original_filename, s3_key, created_at, updated_at)
SELECT gen_random_uuid(), '{APPT1}', '{PET1}', '{VET1}', 'visit_audio', 'uploaded', 'f', 'f', 'k',
  timestamptz '2025-09-01T10:00:00.25Z' + n * interval '7 minutes', now()
FROM generate_series(1, 11) n;
INSERT INTO visits (pet_id, appointment_id, visit_date, visit_type, created_by)
SELECT '{PET1}', '{APPT1}', timestamptz '2025-09-01T10:00:00.25Z' + n * interval '7 minutes',
  'checkup', '{VET1}' FROM generate_series(1, 11) n;
UPDATE recordings SET status = 'uploaded';
UPDATE recordings SET created_at = '2025-09-01T14:30:22.5Z' WHERE id = '{REC1}';
"""
NAIVE = {
    "recordings": ("created_at", "updated_at"),
    "visits": ("visit_date", "created_at", "updated_at"),
    "appointments": ("appointment_date", "created_at", "updated_at"),
    "api_logs": ("created_at",),
}


@pytest.fixture
def base(database: MakeDatabase) -> Database:
    made = database("with_visits")
    made.execute(ROWS + MORE)
    return made


@pytest.fixture
def start(base: Database, make_api: Callable[..., Api]) -> Callable[[], Api]:
    # It stands: what is left of a form would otherwise differ from answer to answer.
    now = datetime.now(UTC)

    def make() -> Api:
        api = make_api(database=base, options=Options(clock=lambda: now))
        api.client.http.headers["x-user"] = VET1
        return api

    return make


def walk(api: Api, path: str, limit: int) -> list[str]:
    found, cursor = [], ""
    while True:
        answer = api.client.get(f"{path}&limit={limit}{cursor}")
        assert answer.status_code == 200, answer.text
        found += [row["id"] for row in answer.json()]
        if "x-next-cursor" not in answer.headers:
            return found
        cursor = f"&cursor={answer.headers['x-next-cursor']}"


def test_times_without_a_zone_are_in_utc(base: Database, start: Callable[[], Api]) -> None:
    """Whatever the session's zone; Kathmandu is far from everything, and no whole hour."""
    base.execute(f"ALTER DATABASE {base.name} SET timezone = 'Asia/Kathmandu'")
    expected = [walk(start(), path, 50) for path in (LIST, f"/api/v1/visits/?pet_id={PET1}")]
    for table, names in NAIVE.items():
        changes = (f"ALTER {n} TYPE timestamp USING {n} AT TIME ZONE 'UTC'" for n in names)
        base.execute(f"ALTER TABLE {table} {', '.join(changes)}")
    api = start()
    for path, whole in zip((LIST, f"/api/v1/visits/?pet_id={PET1}"), expected, strict=True):
        assert walk(api, path, 4) == whole
    shown = {row["id"]: row for row in api.client.get(LIST).json()}
    assert shown[f"rec-{REC1}"]["created_at"] == "2025-09-01T14:30:22Z"
    check_written(api)


def check_written(api: Api) -> None:
    """What is written into them is UTC, too."""
    key = {"Idempotency-Key": "k"}
    first, second = (api.client.post(START, json=INITIATE, headers=key) for _ in range(2))
    assert (second.status_code, second.content) == (200, first.content)
    body = {"pet_id": PET1, "visit_type": "x", "visit_date": "2025-09-01T14:00:00+02:00"}
    visit = api.client.post("/api/v1/visits/", json=body).json()
    assert visit["visit_date"] == "2025-09-01T12:00:00Z"
    moved = {"visit_date": "2025-09-01T15:00:00+02:00"}
    one = f"/api/v1/visits/{visit['id']}"
    changed = api.client.request("PATCH", one, json=moved).json()
    assert changed["visit_date"] == "2025-09-01T13:00:00Z"
    assert api.client.get(f"{one}x").status_code == 400
    minutes = "abs(extract(epoch FROM {} - now() AT TIME ZONE 'UTC')) / 60"
    far = f"SELECT count(*) FROM {{}} WHERE {minutes} > 60"
    new = f"recordings WHERE id = '{first.json()['recording_id'][4:]}'"
    for table, column in (
        (f"(SELECT * FROM {new}) r", "created_at"),
        (f"(SELECT * FROM visits WHERE id = '{visit['id'][6:]}') v", "updated_at"),
        ("api_logs", "created_at"),
    ):
        assert api.database.execute(far.format(table, column)) == [(0,)], table


@pytest.mark.few(2)
@pytest.mark.parametrize("actor", ["admin", "owner", "staff"])
def test_rows_without_a_time_lead(base: Database, start: Callable[[], Api], actor: str) -> None:
    base.execute("ALTER TABLE recordings ALTER created_at DROP NOT NULL")
    base.execute(
        "UPDATE recordings SET created_at = NULL WHERE id IN"
        f" (SELECT id FROM recordings WHERE pet_id = '{PET1}' ORDER BY id LIMIT 4)"
    )
    order = f"SELECT id FROM recordings WHERE pet_id = '{PET1}' ORDER BY created_at DESC, id DESC"
    expected = [f"rec-{row[0]}" for row in base.execute(order)]
    api = start()
    api.client.http.headers.update(ACTORS[actor])
    for limit in (1, 2, 3, 5):
        assert walk(api, LIST, limit) == expected, limit
        if actor != "admin":
            assert walk(api, "/api/v1/recordings/?", limit) == expected, limit
    assert api.client.get(LIST).json()[0]["created_at"] is None


def test_withheld_rows_without_a_time(base: Database, start: Callable[[], Api]) -> None:
    """Each is counted with one page of the walk, whatever has a time and what has none."""
    base.execute(
        "ALTER TABLE recordings ALTER created_at DROP NOT NULL;"
        "CREATE TEMP TABLE few AS SELECT id, row_number() OVER (ORDER BY id) n FROM recordings"
        f" WHERE pet_id = '{PET1}';"
        f"INSERT INTO pets SELECT gen_random_uuid(), owner_id, 'B', 'Cat', NULL, now()"
        f" FROM pets WHERE id = '{PET1}';"
        f"INSERT INTO appointment_pets SELECT '{APPT1}', id FROM pets WHERE name = 'B';"
        "UPDATE recordings r SET created_at = CASE WHEN n % 2 = 0 THEN created_at END,"
        " pet_id = CASE WHEN n % 3 > 0 THEN pet_id END FROM few WHERE few.id = r.id"
    )
    lost = "SELECT count(*) FROM recordings WHERE pet_id IS NULL"
    ((expected,),) = base.execute(lost)
    api = start()
    for limit in (1, 2, 5, 50):
        counted = 0
        cursor: str | None = ""
        while cursor is not None:
            answer = api.client.get(f"/api/v1/recordings/?limit={limit}{cursor}")
            counted += int(answer.headers["x-petrec-withheld"])
            following = answer.headers.get("x-next-cursor")
            cursor = f"&cursor={following}" if following else None
        assert counted == expected > 0, limit


def test_what_was_never_recorded_is_null(base: Database, start: Callable[[], Api]) -> None:
    """Nothing is made up for what was never recorded; only the pet is never null."""
    names: tuple[str, ...] = (
        "recorded_by_user_id",
        "s3_key",
        "filename",
        "original_filename",
        "created_at",
    )
    names += ("updated_at", "is_transcribed", "is_processing")
    drop = ", ".join(f"ALTER {name} DROP NOT NULL" for name in names)
    clear = ", ".join(f"{name} = NULL" for name in (*names, "mime_type", "recording_metadata"))
    base.execute(f"ALTER TABLE recordings {drop}; UPDATE recordings SET {clear}, visit_id = NULL")
    shown = next(r for r in start().client.get(LIST).json() if r["id"] == f"rec-{REC1}")
    known: dict[str, Any] = {
        "id": f"rec-{REC1}",
        "appointment_id": f"appt-{APPT1}",
        "pet_id": f"pet-{PET1}",
        "recording_type": "visit_audio",
        "status": "uploaded",
        "is_transcribed": False,
        "is_processing": False,
    }
    assert {name: value for name, value in shown.items() if value is not None} == known
    assert len(shown) == 20


def test_an_upload_without_a_key_is_missing(base: Database, start: Callable[[], Api]) -> None:
    base.execute("ALTER TABLE recordings ALTER s3_key DROP NOT NULL")
    base.execute("UPDATE recordings SET s3_key = NULL, status = 'pending'")
    api = start()
    api.store.objects[f"key-{REC1}"] = StoredObject(3, "audio/mp4", "e")
    path = f"/api/v1/recordings/upload/complete/{REC1}"
    answer = api.client.post(path, json={"file_size_bytes": 3})
    assert (answer.status_code, answer.json()["error_code"]) == (409, "upload_missing")
