"""Owners are compared where both sides name them, by ids of one family."""

import pytest
from sqlalchemy.dialects import postgresql

from petrec.rules.agreement import may_link_sql
from petrec.rules.census import census_query
from petrec.rules.warnings import WARNING_IDS
from petrec.schema import Schema, TableShape, build_schema
from petrec.settings import Mapping


def schema(**more: dict[str, str]) -> Schema:
    shapes = {
        "recordings": {"id": "integer", "pet_id": "integer", "appointment_id": "integer"},
        "pets": {"id": "integer"},
        "appointments": {"id": "integer"},
        "appointment_pets": {"appointment_id": "integer", "pet_id": "integer"},
    }
    found = {name: TableShape(shapes[name] | more.get(name, {})) for name in shapes}
    return build_schema(Mapping(), found)


def counted(found: Schema) -> str:
    return str(census_query(found, owners=True).compile(dialect=postgresql.dialect()))


@pytest.mark.parametrize(
    ("pets", "appointments"),
    [
        ({}, {}),
        ({"owner_id": "integer"}, {}),
        ({}, {"pet_owner_id": "integer"}),
        ({"owner_id": "uuid"}, {"pet_owner_id": "integer"}),
    ],
)
def test_owners_that_cannot_be_compared_are_left_out(
    pets: dict[str, str], appointments: dict[str, str]
) -> None:
    found = schema(pets=pets, appointments=appointments)
    assert "owner" not in counted(found)
    assert str(may_link_sql(found, found.pets, found.appointments)) == "true"


def test_owners_of_one_family_are_compared() -> None:
    found = schema(pets={"owner_id": "bigint"}, appointments={"pet_owner_id": "integer"})
    assert "pet.owner_id != appointment.pet_owner_id" in counted(found)


def test_every_warning_has_an_id_of_its_own() -> None:
    assert len(set(WARNING_IDS)) == len(WARNING_IDS)
