"""Ids of every sort: what one endpoint answers, all others take, and it is the row's."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

from petrec.api import IdStyle, Options, StoredObject
from petrec.storage.metadata import merged
from tests.plugins.api import Api
from tests.plugins.databases import Database
from tests.plugins.two_clinics import INITIATE

TABLES = """
CREATE TABLE users (id {0} PRIMARY KEY, practice_id {0});
CREATE TABLE pets (id {0} PRIMARY KEY, owner_id {0}, name text);
CREATE TABLE appointments (id {0} PRIMARY KEY, pet_owner_id {0}, practice_id {0});
CREATE TABLE appointment_pets (appointment_id {0}, pet_id {0});
CREATE TABLE visits (id {0} PRIMARY KEY, pet_id {0}, appointment_id {0}, visit_date timestamptz,
  visit_type text, status text, created_by {0});
CREATE TABLE recordings (id {0} PRIMARY KEY, appointment_id {0}, pet_id {0}, visit_id {0},
  recorded_by_user_id {0}, created_at timestamptz, recording_type text, status text, s3_key text,
  recording_metadata jsonb, file_size_bytes bigint);
"""
UUIDS = [f"{n}7fcdeb0-51a2-43d1-9c4f-123456789abc" for n in "0123"]
# One list for one database: ids of all its tables.
SORTS: dict[str, tuple[str, list[str]]] = {
    "uuid": ("uuid", UUIDS),
    "integer": ("int", ["1", "20", "-3"]),
    "bigint": ("bigint", ["0", "9223372036854775807"]),
    "text": ("text", ["5", "a", "ABC", "x" * 300]),
    "varchar": ("varchar(60)", ["5", "a b"]),
    "odd": (
        "text",
        ["a-b", "a/b", "/", "a%2Fb", "100%", "ä'ö", "猫", "a?b#c", "a\nb", "", "+ ", "a/audio"],
    ),
    "other prefixes": ("text", ["rec-5", "pet5", "visitor-1", "practice-1"]),
    "mixed": (
        "text",
        ["5", "pet-5", "appt-5", "rec-5", "visit-5", "user-5", "vet-5", "owner-5", ""],
    ),
    "prefixed twice": ("text", ["pet-pet-5", "appt-appt-5", "rec-rec-5", "visit-visit-5"]),
}
PENDING: dict[str, dict[str, str]] = {"recordings": {"status": "pending"}, "visits": {}}
CASES = [(name, style) for name in SORTS for style in IdStyle]


def fill(database: Database, ids: list[str]) -> None:
    connection = database.connect()
    run = connection.cursor().executemany
    for table in ("users", "pets", "appointments"):
        run(f"INSERT INTO {table} (id) VALUES (%s)", [(one,) for one in ids])
    connection.execute("UPDATE users SET practice_id = id; UPDATE pets SET owner_id = id")
    connection.execute("UPDATE appointments SET practice_id = id, pet_owner_id = id")
    connection.execute("INSERT INTO appointment_pets SELECT id, id FROM pets")
    connection.execute(
        "INSERT INTO visits SELECT id, id, id, now(), 'call', 'open', id FROM users;"
        " INSERT INTO recordings SELECT id, id, id, id, id, now(), 'visit_audio', 'pending',"
        " 'key-' || id, '[1]' FROM users"
    )


def bare(prefix: str, wire: str, ids: list[str]) -> str:
    """Return the stored id of a wire id, by the one that would be written so."""
    return wire if wire in ids else wire.removeprefix(f"{prefix}-")


@pytest.mark.few(3)
@pytest.mark.parametrize(("name", "style"), CASES)
def test_ids_of_every_sort_come_back_as_they_went(
    make_api: Callable[..., Api], empty_database: Database, name: str, style: IdStyle
) -> None:
    kind, ids = SORTS[name]
    empty_database.execute(TABLES.format(kind))
    fill(empty_database, ids)
    api = make_api(database=empty_database, options=Options(id_style=style))
    api.client.http.headers["x-user"] = ids[0] or "user-"
    listed = api.client.get("/api/v1/recordings/?limit=200&status=pending")
    assert listed.status_code == 200, listed.text
    rows = listed.json()
    assert len({row["id"] for row in rows}) == len(rows) == len(ids)
    for row in rows:
        key = bare("rec", row["id"], ids)
        assert "pet-pet-" not in row["pet_id"] or name == "prefixed twice"
        assert {
            bare(prefix, row[field], ids)
            for prefix, field in (
                ("pet", "pet_id"),
                ("appt", "appointment_id"),
                ("visit", "visit_id"),
            )
        } == {key}
        check(api, row)
    for at in ids:
        wires = [
            row["appointment_id"] for row in rows if bare("appt", row["appointment_id"], ids) == at
        ]
        detail = api.client.get(f"/api/v1/appointments/{quote(wires[0], safe='')}").json()
        assert bare("practice", detail["practice_id"], ids) == at
        for who, wire in (("practice", detail["practice_id"]), ("owner", detail["pet_owner_id"])):
            if not (wire.isascii() and wire.isprintable()):
                continue  # no header of this test's can carry it
            headers = {"x-role": "vet", f"x-{who}": wire or f"{who}-"}
            mine = api.client.get("/api/v1/recordings/", headers=headers).json()
            assert [bare("rec", one["id"], ids) for one in mine] == [at], who


def check(api: Api, row: dict[str, Any]) -> None:
    """Use each id of a recording wherever it can be used."""
    path = "/api/v1"
    appointment = api.client.get(f"{path}/appointments/{quote(row['appointment_id'], safe='')}")
    assert appointment.status_code == 200, (row, appointment.text)
    assert appointment.json()["id"] == row["appointment_id"]
    assert [pet["id"] for pet in appointment.json()["pets"]] == [row["pet_id"]]
    for field in ("pet_id", "appointment_id"):
        for kind in ("recordings", "visits"):
            found = api.client.get(f"{path}/{kind}/", params={field: row[field], **PENDING[kind]})
            assert [one[field] for one in found.json()] == [row[field]], (kind, field)
    ((key,),) = api.database.execute(
        "SELECT s3_key FROM recordings WHERE s3_key = %s", (row["s3_url"].partition("test/")[2],)
    )
    api.store.objects[key] = StoredObject(3, "audio/mp4", "e")
    completed = api.client.post(
        f"{path}/recordings/upload/complete/{quote(row['id'], safe='')}",
        json={"file_size_bytes": 3, "recording_metadata": {"a": 1}},
    )
    assert completed.status_code == 200, (row, completed.text)
    assert completed.json()["recording_id"] == row["id"]
    for slash in ("", "/"):
        visit = api.client.get(f"{path}/visits/{quote(row['visit_id'], safe='')}{slash}")
        assert visit.json()["id"] == row["visit_id"]
        own = f"{path}/recordings/{quote(row['id'], safe='')}"
        assert api.client.get(f"{own}{slash}").json() == visit.json()["recordings"][0]
        assert api.client.get(f"{own}/audio{slash}").json()["recording_id"] == row["id"]
    told = "SELECT recording_metadata FROM recordings WHERE s3_key = %s"
    kept = {"a": 1, "s3_etag": "e", "previous": [1]}
    assert api.database.execute(told, (key,)) == [(kept,)]


def test_prefixed_ids_that_come_later(
    make_api: Callable[..., Api], empty_database: Database
) -> None:
    """Another process may write the first of them."""
    empty_database.execute(TABLES.format("text"))
    fill(empty_database, ["5"])
    api = make_api(database=empty_database)
    api.client.http.headers["x-user"] = "5"
    assert api.client.get("/api/v1/appointments/appt-5").status_code == 200
    empty_database.execute("DELETE FROM appointments; INSERT INTO appointments VALUES ('appt-7')")
    assert api.client.get("/api/v1/appointments/appt-7").json()["id"] == "appt-7"


def test_a_new_id_is_stored_as_the_others_are(
    make_api: Callable[..., Api], empty_database: Database
) -> None:
    empty_database.execute(TABLES.format("text"))
    fill(empty_database, ["rec-5"])
    api = make_api(database=empty_database)
    answer = api.client.post(
        "/api/v1/recordings/upload/initiate",
        json=INITIATE | {"pet_id": "pet-rec-5", "appointment_id": "appt-rec-5"},
        headers={"x-user": "rec-5", "Idempotency-Key": "k"},
    )
    assert answer.status_code == 200, answer.text
    stored = "SELECT id FROM recordings WHERE id <> 'rec-5'"
    assert empty_database.execute(stored) == [(answer.json()["recording_id"],)]
    assert answer.json()["recording_id"].startswith("rec-")


def test_a_hosts_longer_paths_stay_its_own(
    make_api: Callable[..., Api], empty_database: Database
) -> None:
    empty_database.execute(TABLES.format("text"))
    api = make_api(database=empty_database)
    api.app.get("/api/v1/appointments/{one}/more")(lambda one: {"host": one})
    assert api.client.get("/api/v1/appointments/a/more").json() == {"host": "a"}


METADATA: list[tuple[str | None, dict[str, Any]]] = [
    (None, {}), ("null", {}), (" null ", {}), ('{"s3_etag": 1, "a": null}', {"a": None}),
    ("[1]", {"previous": [1]}), ('"x"', {"previous": "x"}), ("7", {"previous": 7}),
    ("false", {"previous": False}), ("[]", {"previous": []}), ('""', {"previous": ""}),
    ('{"n": 12345678901234567890123}', {"n": 12345678901234567890123}),
]  # fmt: skip

TEXTS: list[tuple[str | None, dict[str, Any]]] = [
    ("[draft] a note", {"previous": "[draft] a note"}),
    ("", {}),
    ("{", {"previous": "{"}),
]


@pytest.mark.parametrize("kind", ["jsonb", "json", "text"])
def test_metadata_becomes_an_object(
    make_api: Callable[..., Api], empty_database: Database, kind: str
) -> None:
    empty_database.execute(TABLES.format("int"))
    fill(empty_database, ["1"])
    empty_database.execute(f"ALTER TABLE recordings ALTER recording_metadata TYPE {kind}")
    api = make_api(database=empty_database)
    api.client.http.headers["x-user"] = "1"
    api.store.objects["key-1"] = StoredObject(3, "audio/mp4", "e")
    for stored, kept in [*METADATA, *(TEXTS if kind == "text" else [])]:
        update = f"UPDATE recordings SET status = 'pending', recording_metadata = %s::{kind}"
        empty_database.execute(update, (stored,))
        path = "/api/v1/recordings/upload/complete/rec-1"
        answer = api.client.post(path, json={"file_size_bytes": 3})
        assert answer.status_code == 200, (stored, answer.text)
        found = empty_database.execute("SELECT recording_metadata::jsonb FROM recordings")
        assert found == [({**kept, "s3_etag": "e"},)]


def test_kept_metadata_stands_under_a_free_name() -> None:
    told = {"previous": 1, "previous_": 2}
    assert json.loads(merged("[3]", told)) == {"previous__": [3], **told}
    deep = "[" * 100_000 + "]" * 100_000
    assert json.loads(merged(deep, {})) == {"previous": deep}
