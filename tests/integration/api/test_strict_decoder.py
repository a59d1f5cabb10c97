"""A client that decodes strictly reads every answer, whatever sort of ids the database has."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from petrec.api import StoredObject
from petrec.postgres.ids import UUID_PATTERN
from tests.plugins import guide
from tests.plugins.api import Api
from tests.plugins.databases import Database
from tests.plugins.id_sorts import SORTS, Named, turn
from tests.plugins.two_clinics import APPT1, APPT2, O1, P1, P2, PET1, PET2, VET1, VET2

# Nothing that an application of today leaves out, in two practices; a second's last microsecond.
COMPLETE = f"""
UPDATE pets SET breed = 'Beagle';
INSERT INTO pets SELECT gen_random_uuid(), owner_id, 'Luna', 'Cat', 'Manx', now() FROM pets
  WHERE id IN ('{PET1}', '{PET2}');
INSERT INTO appointment_pets SELECT a.id, p.id FROM appointments a
  JOIN pets p ON p.owner_id = a.pet_owner_id AND p.name = 'Luna';
UPDATE appointments SET description = 'd', notes = 'n',
  appointment_date = '2025-09-01T13:59:59.999999Z';
UPDATE visits SET chief_complaint = 'c', notes = 'n', visit_date = '2025-09-01T13:59:59.999999Z';
UPDATE recordings SET status = 'uploaded', file_size_bytes = 2048576, duration_seconds = 180.5,
  s3_url = 'https://store.example/' || s3_key, created_at = '2025-09-01T13:59:59.999999Z';
CREATE TEMP TABLE another AS SELECT r.*, v.id AS its_visit FROM recordings r
  JOIN visits v USING (appointment_id);
INSERT INTO recordings SELECT (jsonb_populate_record(NULL::recordings, to_jsonb(another)
    || jsonb_build_object('id', gen_random_uuid(), 'visit_id', its_visit))).*
  FROM another;
"""
COUNTED = """
SELECT count(*) FROM recordings JOIN appointments a ON a.id = appointment_id
WHERE %s IN (practice_id, pet_owner_id)
"""
# Who asks as whom, for the pet and the appointment of which clinic.
CALLERS = [
    ("practice", P1, PET1, APPT1, VET1),
    ("owner", O1, PET1, APPT1, VET1),
    ("practice", P2, PET2, APPT2, VET2),
]
# null where an example of the integration guide has it.
NULLS = {"visit_id", "transcript_text", "transcript_confidence"}
VISIT_NULLS = {"diagnosis", "treatment_plan", "follow_up_date"}
ENTITIES = {
    "visit_id": "visit", "appointment_id": "appt", "pet_id": "pet", "recorded_by_user_id": "user",
    "practice_id": "practice", "pet_owner_id": "owner",
}  # fmt: skip
TIMES = {"created_at", "updated_at", "appointment_date", "visit_date"}
API = "/api/v1"


class Decoder:
    """Refuses what an example of the integration guide does not show: keys, types, nulls, times."""

    def __init__(self, sort: str) -> None:
        self.bare = r"\d+" if sort == "integer" else UUID_PATTERN
        # A stored prefix stays, and the vets of this database are stored as users.
        vet = "user" if sort == "prefixed" else "vet"
        self.entities = ENTITIES | dict.fromkeys(("assigned_vet_user_id", "created_by"), vet)

    def recording(self, found: Any) -> None:
        self.check(found, guide.RECORDINGS[0], "rec", NULLS)

    def visit(self, found: Any) -> None:
        self.check(found, guide.CREATED_VISIT, "visit", VISIT_NULLS)
        for each in found["recordings"]:
            self.recording(each)

    def appointment(self, found: Any) -> None:
        self.check(found, guide.APPOINTMENT_DETAIL, "appt", set())
        for each in found["pets"]:
            self.check(each, guide.APPOINTMENT_DETAIL["pets"][0], "pet", set())

    def check(self, found: Any, example: dict[str, Any], entity: str, nulls: set[str]) -> None:
        assert [*found] == [*example]
        for key, value in found.items():
            if value is None:
                assert key in nulls, (key, found)
            elif key == "id" or key in self.entities:
                assert re.fullmatch(f"{self.entities.get(key, entity)}-{self.bare}", value), found
            elif key in TIMES:
                assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", value), (key, value)
            elif example[key] is not None:
                assert type(value) is type(example[key]), (key, value)


@pytest.mark.few(2)
@pytest.mark.parametrize("sort", SORTS)
def test_a_strict_client_reads_every_answer(
    make_api: Callable[..., Api], two_clinics: Database, sort: str
) -> None:
    two_clinics.execute(COMPLETE)
    counts = [two_clinics.execute(COUNTED, (scope,))[0][0] for _, scope, *_ in CALLERS]
    assert counts == [2, 2, 2]
    named = turn(two_clinics, sort, {})
    api, decoder = make_api(database=two_clinics), Decoder(sort)
    made: dict[str, set[str]] = {APPT1: set(), APPT2: set()}
    for (kind, scope, pet, appointment, vet), count in zip(CALLERS, counts, strict=True):
        api.client.http.headers = {
            "x-user": named("user", vet), "x-role": "vet" if kind == "practice" else "owner",
            f"x-{kind}": named(kind, scope),
        }  # fmt: skip
        ids = {
            "appointment_id": wire(named, "appt", appointment),
            "pet_id": wire(named, "pet", pet),
        }
        made[appointment].add(upload(api, ids))
        listed = api.client.get(f"{API}/recordings/").json()
        assert made[appointment] <= {row["id"] for row in listed}
        assert len(listed) == count + len(made[appointment])
        read(api, decoder, listed, ids["appointment_id"])
        if kind == "practice":
            write(api, decoder, ids)


def upload(api: Api, ids: dict[str, str]) -> str:
    """Start and complete an upload, and return its recording."""
    made = api.client.post(f"{API}/recordings/upload/initiate", json=guide.INITIATE | ids).json()
    assert {key: type(value) for key, value in made.items()} == {
        "recording_id": str, "upload_url": str, "upload_fields": dict, "s3_key": str,
        "bucket": str, "expires_in": int, "max_file_size": int,
    }  # fmt: skip
    api.store.objects[made["s3_key"]] = StoredObject(2048576, "audio/mp4", "e")
    path = f"{API}/recordings/upload/complete/{made['recording_id']}"
    done = api.client.post(path, json=guide.COMPLETE).json()
    assert done == {"status": "completed", "recording_id": made["recording_id"]}
    heard = api.client.get(f"{API}/recordings/{made['recording_id']}/audio").json()
    assert None not in heard.values()
    return str(made["recording_id"])


def read(api: Api, decoder: Decoder, listed: list[Any], appointment: str) -> None:
    for row in listed:
        decoder.recording(row)
        assert api.client.get(f"{API}/recordings/{row['id']}").json() == row
    decoder.appointment(api.client.get(f"{API}/appointments/{appointment}").json())
    visits = api.client.get(f"{API}/visits/").json()
    assert visits
    for visit in visits:
        decoder.visit(visit)
        assert api.client.get(f"{API}/visits/{visit['id']}").json() == visit


def write(api: Api, decoder: Decoder, ids: dict[str, str]) -> None:
    made = api.client.post(f"{API}/visits/", json=guide.CREATE_VISIT | ids).json()
    decoder.visit(made)
    changed = api.client.request("PATCH", f"{API}/visits/{made['id']}", json={"notes": "other"})
    decoder.visit(changed.json())


def wire(named: Named, entity: str, uuid: str) -> str:
    return f"{entity}-{named(entity, uuid).removeprefix(f'{entity}-')}"
