"""The names and columns of the objects, by which databases that have them are known again."""

import re

import pytest

from petrec.features.constraints.specs import GROUPS, ObjectKind, Spec, specs
from tests.plugins.command import ROOT

EXPECTED = """
idx_recordings_pet_id: index of indexes on recordings (pet_id)
idx_recordings_appointment_id: index of indexes on recordings (appointment_id)
idx_recordings_appointment_pet: index of indexes on recordings (appointment_id, pet_id)
idx_recordings_pet_status: index of indexes on recordings (pet_id, status)
recordings_pet_id_not_null: not null of required on recordings (pet_id)
fk_recordings_pet_id: key of required on recordings (pet_id) -> pets (id) SET NULL
visits: table of visits on visits ()
fk_visits_pet_id: key of visits on visits (pet_id) -> pets (id) CASCADE
fk_visits_appointment_id: key of visits on visits (appointment_id) -> appointments (id) CASCADE
fk_visits_created_by: key of visits on visits (created_by) -> users (id) NO ACTION
idx_visits_pet_id: index of visits on visits (pet_id)
idx_visits_appointment_id: index of visits on visits (appointment_id)
idx_visits_visit_date: index of visits on visits (visit_date)
visit_id: column of visits on recordings (visit_id)
idx_recordings_visit_id: index of visits on recordings (visit_id)
idx_recordings_visit_pet: index of visits on recordings (visit_id, pet_id) where not null
fk_recordings_visit_id: key of visits on recordings (visit_id) -> visits (id) CASCADE
fk_recordings_membership: key of membership on recordings (appointment_id, pet_id)\
 -> appointment_pets (appointment_id, pet_id) NO ACTION
fk_recordings_appointment_id: key of appointment-fk on recordings (appointment_id)\
 -> appointments (id) NO ACTION
idx_recordings_pet_newest: index of api on recordings (pet_id, created_at, id)
idx_recordings_appointment_newest: index of api on recordings (appointment_id, created_at, id)
idx_recordings_appointment_pet_newest: index of api on recordings\
 (appointment_id, pet_id, created_at, id)
idx_recordings_visit_pet_newest: index of api on recordings (visit_id, pet_id, created_at, id)
idx_recordings_newest: index of api on recordings (created_at, id)
idx_recordings_status_newest: index of api on recordings (status, created_at, id)
idx_recordings_pet_status_newest: index of api on recordings (pet_id, status, created_at, id)
idx_appointment_pets_pet_id: index of api on appointment_pets (pet_id)
idx_visits_pet_newest: index of api on visits (pet_id, visit_date, id)
idx_pets_owner_id: index of api on pets (owner_id)
idx_appointments_pet_owner_id: index of api on appointments (pet_owner_id)
idx_appointments_practice_id: index of api on appointments (practice_id)
"""


def told(spec: Spec) -> str:
    kind = "key" if spec.kind is ObjectKind.FOREIGN_KEY else spec.kind
    text = f"{spec.name}: {kind} of {spec.group} on {spec.table} ({', '.join(spec.columns)})"
    if spec.kind is ObjectKind.FOREIGN_KEY:
        text += f" -> {spec.parent} ({', '.join(spec.parent_columns)}) {spec.on_delete}"
    return text + " where not null" * spec.partial


def test_every_object_is_what_the_guide_names() -> None:
    assert [told(spec) for spec in specs(GROUPS, "SET NULL")] == EXPECTED.strip().splitlines()


@pytest.mark.parametrize("group", GROUPS)
def test_a_group_has_its_own_objects_alone(group: str) -> None:
    assert {spec.group for spec in specs((group,), "CASCADE")} == {group}


def test_one_pet_is_deleted_as_the_request_says() -> None:
    of_pet = next(s for s in specs(GROUPS, "NO ACTION") if s.name == "fk_recordings_pet_id")
    assert of_pet.on_delete == "NO ACTION"


def test_the_page_on_the_api_has_the_indexes_of_its_group() -> None:
    page = (ROOT / "docs" / "api.md").read_text()
    rows = re.findall(r"^\| `(idx_\w+)` \| `(\w+)` \| `([\w, ]+)` \|$", page, re.MULTILINE)
    assert rows == [(s.name, s.table, ", ".join(s.columns)) for s in specs(("api",), "CASCADE")]
