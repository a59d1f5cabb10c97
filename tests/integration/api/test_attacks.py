"""Requests that try for more than they may: pairs of ids, cursors, headers, bodies."""

import base64
import json
import logging
from typing import Any

import pytest

from tests.plugins.api import Api
from tests.plugins.two_clinics import (
    ABSENT,
    ACTORS,
    APPT1,
    APPT2,
    INITIATE,
    PET1,
    PET2,
    REC1,
    VISIT1,
    VISIT2,
    snapshot,
)

API = "/api/v1"
START = f"{API}/recordings/upload/initiate"
STAFF, OWNER = ACTORS["staff"], ACTORS["owner"]

pytestmark = pytest.mark.api("two_clinics")


@pytest.mark.parametrize("actor", ["staff", "owner"])
def test_pairs_of_ones_own_and_a_foreign_id(api: Api, actor: str) -> None:
    headers = ACTORS[actor]
    for path in ("recordings", "visits"):
        for appointment, pet in ((APPT1, PET2), (APPT2, PET1), (APPT2, PET2)):
            query = f"?appointment_id=appt-{appointment}&pet_id=pet-{pet}"
            assert api.client.get(f"{API}/{path}/{query}", headers=headers).json() == []
    before = snapshot(api.database)
    for visit in (VISIT2, ABSENT):
        body = INITIATE | {"visit_id": f"visit-{visit}"}
        answer = api.client.post(START, json=body, headers=headers)
        assert (answer.status_code, answer.json()["error_code"]) == (404, "visit_not_found")
    assert snapshot(api.database) == before


def test_a_visit_of_a_foreign_pet(api: Api) -> None:
    before = snapshot(api.database)
    for place in ({}, {"appointment_id": f"appt-{APPT1}"}):
        answers = []
        for pet in (PET2, ABSENT):
            body = {"pet_id": f"pet-{pet}", "visit_type": "checkup", **place}
            answer = api.client.post(f"{API}/visits/", json=body, headers=STAFF)
            answers.append((answer.status_code, answer.text.replace(pet, "?")))
        assert answers[0] == answers[1]
        assert answers[0][0] in (400, 404)
    assert snapshot(api.database) == before


def test_a_visit_does_not_move(api: Api) -> None:
    moved = {"pet_id": f"pet-{PET2}", "appointment_id": f"appt-{APPT2}", "created_by": ABSENT}
    api.client.request("PATCH", f"{API}/visits/visit-{VISIT1}", json=moved, headers=STAFF)
    seen = api.client.get(f"{API}/visits/visit-{VISIT1}", headers=STAFF).json()
    assert (seen["pet_id"], seen["appointment_id"]) == (f"pet-{PET1}", f"appt-{APPT1}")


NOW = "2025-09-01 12:00:00+00"


def packed(content: Any) -> str:
    text = content if isinstance(content, str) else json.dumps(content)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


@pytest.mark.parametrize("path", ["recordings", "visits"])
def test_a_forged_cursor_shows_nothing_more(api: Api, path: str) -> None:
    """A cursor says where to go on, never what may be seen."""
    api.database.execute("UPDATE recordings SET status = 'uploaded'")
    future = packed(["2096-10-02 07:06:40+00", ABSENT])
    for headers in (STAFF, OWNER):
        whole = api.client.get(f"{API}/{path}/", headers=headers)
        listed = api.client.get(f"{API}/{path}/?cursor={future}", headers=headers)
        assert (listed.status_code, listed.json()) == (200, whole.json())
        assert len(whole.json()) == 1
    for forged in (
        "x", "AA", packed([]), packed([NOW]), packed([NOW, "x"]), packed(["9" * 30, ABSENT]),
        packed(["1", ABSENT]), packed([1, ABSENT]), packed([True, ABSENT]), packed([NOW, None]),
        packed([NOW, f"{ABSENT}' OR 1=1 --"]), packed("[" * 250), packed([NOW, ABSENT, 2]),
        packed(["", ABSENT]), packed([f"{NOW} x", ABSENT]), packed([f"{NOW}\0", ABSENT]),
    ):  # fmt: skip
        answer = api.client.get(f"{API}/{path}/?cursor={forged}", headers=STAFF)
        assert answer.status_code == 404, forged
        assert answer.json()["error_code"] == "cursor_not_found"


@pytest.mark.few(4)
@pytest.mark.parametrize(
    "raw",
    [b"[" * 60_000, b'{"a":' * 10_000, b"9" * 60_000, b'"' + b"a" * 60_000 + b'"', b"\xff\xfe",
     b"", b"null", b"[]", b"NaN", b'{"pet_id": "\\ud800"}', b"{}" * 2],
)  # fmt: skip
def test_hostile_bodies_are_refused_briefly(api: Api, raw: bytes) -> None:
    for path in (START, f"{API}/recordings/upload/complete/rec-{REC1}", f"{API}/visits/"):
        headers = STAFF | {"content-type": "application/json"}
        answer = api.client.post(path, content=raw, headers=headers)
        assert answer.status_code == 400, (path, answer.text)
        assert len(answer.content) < 500


@pytest.mark.few(3)
@pytest.mark.parametrize("number", ["1e999", "9" * 4_000, "-1", "NaN", "-0.1", "1e308", '"3"'])
def test_hostile_numbers_are_refused(api: Api, number: str) -> None:
    headers = STAFF | {"content-type": "application/json"}
    start = json.dumps(INITIATE)[:-1] + f', "estimated_duration_seconds": {number}}}'
    done = f'{{"file_size_bytes": {number}}}'
    complete = f"{API}/recordings/upload/complete/rec-{REC1}"
    for path, content in ((START, start), (complete, done)):
        assert api.client.post(path, content=content, headers=headers).status_code == 400
    query = f"{API}/recordings/?limit={number}"
    assert api.client.get(query, headers=STAFF).status_code == 400


def test_lengths_that_no_number_holds(api: Api) -> None:
    for length in ("9" * 5_000, "-1", "1_0", "\xb2"):
        headers = {"content-length": length.encode("latin-1"), **STAFF}
        answer = api.client.get(f"{API}/recordings/", headers=headers)
        assert (answer.status_code, answer.json()["error_code"]) == (413, "body_too_large")


def test_names_and_keys_carry_no_lines(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    for name in ("a\r\nX-Evil: 1", "a\nb", "a\x00b", "a\x7fb", "\x1b[2J"):
        answer = api.client.post(START, json=INITIATE | {"filename": name}, headers=STAFF)
        assert answer.status_code == 400
        assert "Evil" not in answer.text
    for key in (b"a\r\nb", b"a b", b"\xe9", b"a" * 256, b""):
        sent = STAFF | {"idempotency-key": key}
        answer = api.client.post(START, json=INITIATE, headers=sent)
        assert answer.status_code == 400, key
    hostile = "../../${filename}\"; filename*='.m4a"
    made = api.client.post(START, json=INITIATE | {"filename": hostile}, headers=STAFF).json()
    assert not [v for v in made["upload_fields"].values() if "filename" in v or ".." in v]
    assert not [r for r in caplog.records if len(r.getMessage().splitlines()) != 1]


@pytest.mark.few(4)
@pytest.mark.parametrize(
    "bad", ["pet-pet-{}", "PET-{}", "{}\n", " {}", "{{{}}}", "urn:uuid:{}", "{}%00", "a" * 9_000,
            "-" * 9_000, "\uff11" * 36],
)  # fmt: skip
def test_hostile_ids_are_refused_briefly(api: Api, bad: str) -> None:
    wrong = bad.replace("{}", PET1)
    answer = api.client.get(f"{API}/recordings/", params={"pet_id": wrong}, headers=STAFF)
    assert (answer.status_code, answer.json()["error_code"]) == (400, "invalid_id")
    assert len(answer.content) < 300
