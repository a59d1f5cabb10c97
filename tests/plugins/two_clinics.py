"""Two clinics with their people, and a call of every endpoint for each object."""

from dataclasses import dataclass
from typing import Any

import httpx

from petrec.api import Options, StoredObject
from petrec.version import __version__
from tests.plugins.api import Api
from tests.plugins.databases import Database

ABSENT = "11111111-1111-4111-8111-111111111111"
P1, P2 = "aaaaaaaa-0000-4000-8000-000000000001", "aaaaaaaa-0000-4000-8000-000000000002"
O1, O2 = "bbbbbbbb-0000-4000-8000-000000000001", "bbbbbbbb-0000-4000-8000-000000000002"
VET1, VET2 = "cccccccc-0000-4000-8000-000000000001", "cccccccc-0000-4000-8000-000000000002"
PET1, PET2 = "dddddddd-0000-4000-8000-000000000001", "dddddddd-0000-4000-8000-000000000002"
APPT1, APPT2 = "eeeeeeee-0000-4000-8000-000000000001", "eeeeeeee-0000-4000-8000-000000000002"
REC1, REC2 = "ffffffff-0000-4000-8000-000000000001", "ffffffff-0000-4000-8000-000000000002"
VISIT1, VISIT2 = "99999999-0000-4000-8000-000000000001", "99999999-0000-4000-8000-000000000002"


def clinic_rows(
    practice: str, owner: str, vet: str, pet: str, appt: str, rec: str, visit: str
) -> str:
    """Return a clinic with one of everything, the recording without its file."""
    return f"""
INSERT INTO users VALUES ('{vet}', '{practice}', 'vet', '{vet}@x', 'V');
INSERT INTO pet_owners VALUES ('{owner}', 'O', NULL);
INSERT INTO pets VALUES ('{pet}', '{owner}', 'Rex', 'Dog', NULL, now());
INSERT INTO appointments VALUES ('{appt}', '{practice}', '{owner}', '{vet}', now(), 30,
  'checkup', 'open', 'Checkup', NULL, NULL, now(), now());
INSERT INTO appointment_pets VALUES ('{appt}', '{pet}');
INSERT INTO visits VALUES ('{visit}', '{pet}', '{appt}', now(), 'checkup', 'open', NULL, NULL,
  NULL, NULL, false, NULL, '{vet}', now(), now());
INSERT INTO recordings VALUES ('{rec}', '{appt}', '{pet}', '{vet}', 'visit_audio', 'pending',
  'f.m4a', 'o.m4a', NULL, NULL, 'audio/mp4', 'key-{rec}', NULL, NULL, NULL, false, false, '{{}}',
  now(), now(), NULL);
"""


# Two clinics side by side: number one is the caller's, number two is foreign.
ROWS = (
    "TRUNCATE recordings, visits, appointment_pets, appointments, pets, api_logs CASCADE;"
    + clinic_rows(P1, O1, VET1, PET1, APPT1, REC1, VISIT1)
    + clinic_rows(P2, O2, VET2, PET2, APPT2, REC2, VISIT2)
)
SOUNDS = {f"key-{each}": StoredObject(3, "audio/mp4", "e") for each in (REC1, REC2)}


ACTORS: dict[str, dict[str, str]] = {
    "owner": {"x-user": VET1, "x-role": "owner", "x-owner": O1},
    "staff": {"x-user": VET1, "x-role": "vet", "x-practice": P1},
    "other owner": {"x-user": VET2, "x-role": "owner", "x-owner": O2},
    "other staff": {"x-user": VET2, "x-role": "vet", "x-practice": P2},
    "nobody": {"x-user": VET1, "x-role": "vet"},
    "admin": {"x-user": VET1, "x-role": "admin"},
    "anonymous": {},
    "expired": {"x-user": VET1, "x-role": "admin", "x-expired": "1"},
}


INITIATE = {
    "appointment_id": f"appt-{APPT1}",
    "pet_id": f"pet-{PET1}",
    "recording_type": "visit_audio",
    "filename": "a.m4a",
    "content_type": "audio/mp4",
}


@dataclass(frozen=True)
class Call:
    """One endpoint, aimed at an object by its id; `mine` is the object that may be had."""

    method: str
    path: str
    mine: str
    foreign: str
    body: dict[str, Any] | None = None


OBJECTS = {
    "appointment": Call("GET", "/appointments/appt-ID", APPT1, APPT2),
    "recordings": Call("GET", "/recordings/?status=pending&appointment_id=appt-ID", APPT1, APPT2),
    "recordings of pet": Call("GET", "/recordings/?status=pending&pet_id=pet-ID", PET1, PET2),
    "recording": Call("GET", "/recordings/rec-ID", REC1, REC2),
    "visits": Call("GET", "/visits/?appointment_id=appt-ID", APPT1, APPT2),
    "visits of pet": Call("GET", "/visits/?pet_id=pet-ID", PET1, PET2),
    "read visit": Call("GET", "/visits/visit-ID", VISIT1, VISIT2),
    "form": Call("POST", "/recordings/upload/form/rec-ID", REC1, REC2),
    "complete": Call(
        "POST", "/recordings/upload/complete/rec-ID", REC1, REC2, {"file_size_bytes": 3}
    ),
    "audio": Call("GET", "/recordings/rec-ID/audio", REC1, REC2),
    "initiate": Call(
        "POST", "/recordings/upload/initiate", APPT1, APPT2,
        INITIATE | {"appointment_id": "appt-ID"},
    ),
    "create visit": Call(
        "POST", "/visits/", APPT1, APPT2,
        {"pet_id": f"pet-{PET1}", "appointment_id": "appt-ID", "visit_type": "checkup"},
    ),
    "update visit": Call("PATCH", "/visits/visit-ID", VISIT1, VISIT2, {"notes": "n"}),
    "delete visit": Call("DELETE", "/visits/visit-ID", VISIT1, VISIT2),
    "cancel": Call("POST", "/recordings/upload/cancel/rec-ID", REC1, REC2),
    "correct": Call("PATCH", "/recordings/rec-ID", REC1, REC2, {"pet_id": f"pet-{PET1}"}),
    "delete": Call("DELETE", "/recordings/rec-ID", REC1, REC2),
}  # fmt: skip


# What the two callers of clinic one get for their own objects; the owner writes no visits, and an
# upload that is complete is not cancelled.
OWN = {"create visit": 201, "delete visit": 204, "cancel": 409, "delete": 204}
# Without it one endpoint of the matrix is left out.
ALL = Options(deletions=True)


# This clinic's recordings name their author, a user, without exception.
OPEN = {
    "/api/v1/health": {"status": "ok"},
    "/api/v1/live": {"status": "ok"},
    "/api/v1/ready": {"status": "ok", "version": __version__, "remarks": ["authors_must_be_users"]},
}


OWNER = OWN | dict.fromkeys(
    ("create visit", "update visit", "delete visit", "correct", "delete"), 403
)


def call(api: Api, actor: str, name: str, target: str) -> httpx.Response:
    return send(api, actor, OBJECTS[name], target)


def send(
    api: Api, actor: str, one: Call, target: str, headers: dict[str, str] | None = None
) -> httpx.Response:
    api.client.http.headers.clear()
    body = one.body
    body = body and {
        k: v.replace("ID", target) if isinstance(v, str) else v for k, v in body.items()
    }
    path = f"/api/v1{one.path.replace('ID', target)}"
    sent = ACTORS[actor] | (headers or {})
    return api.client.request(one.method, path, json=body, headers=sent)


def snapshot(database: Database) -> list[tuple[Any, ...]]:
    return database.execute(
        "SELECT md5(string_agg(r::text, '|' ORDER BY r.id)) FROM recordings r UNION ALL"
        " SELECT md5(string_agg(v::text, '|' ORDER BY v.id)) FROM visits v"
    )


VISIT = {"pet_id": f"pet-{PET1}", "appointment_id": f"appt-{APPT1}", "visit_type": "checkup"}
STRANGER = "77777777-0000-4000-8000-000000000001"


# Each is a writing endpoint with the table that it writes.
WRITES: dict[str, tuple[str, str, dict[str, Any] | None, str]] = {
    "initiate": ("POST", "/recordings/upload/initiate", INITIATE, "recordings"),
    "complete": (
        *("POST", f"/recordings/upload/complete/rec-{REC1}"),
        *({"file_size_bytes": 3}, "recordings"),
    ),
    "cancel": ("POST", f"/recordings/upload/cancel/rec-{REC1}", None, "recordings"),
    "create visit": ("POST", "/visits/", VISIT, "visits"),
    "update visit": ("PATCH", f"/visits/visit-{VISIT1}", {"notes": "n"}, "visits"),
    "delete visit": ("DELETE", f"/visits/visit-{VISIT1}", None, "visits"),
}


def write(api: Api, name: str) -> Any:
    method, path, body, _ = WRITES[name]
    return api.client.request(method, f"/api/v1{path}", json=body)
