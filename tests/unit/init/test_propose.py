"""Names are proposed where one table or column alone can be meant, and left open elsewhere."""

import tomllib

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from petrec.features.init.catalog import Found
from petrec.features.init.propose import Proposal, propose
from petrec.features.init.text import settings_text
from petrec.settings import Settings

DEFAULT = {
    "recordings": Found("recordings", ("id", "pet_id", "appointment_id"), {}),
    "pets": Found("pets", ("id", "name"), {}),
    "appointments": Found("appointments", ("id",), {}),
    "appointment_pets": Found("appointment_pets", ("appointment_id", "pet_id"), {}),
}
CAMEL = {
    "Recording": Found("Recording", ("id", "petId", "appointmentId", "createdAt"), {}),
    "Pet": Found("Pet", ("id", "ownerId"), {}),
    "Appointment": Found("Appointment", ("id",), {}),
    "Booked": Found("Booked", ("animal", "slot"), {"animal": "Pet", "slot": "Appointment"}),
    "Vet": Found("Vet", ("id",), {}),
}


def settings_of(proposal: Proposal) -> Settings:
    return msgspec.convert(tomllib.loads(settings_text(proposal)), Settings)


def test_default_names_need_no_mapping() -> None:
    proposal = propose({"public": DEFAULT}, None, {})
    assert (proposal.open, settings_of(proposal).mapping.tables) == ({}, {})
    assert settings_of(proposal).mapping.schema == "public"


def test_case_plural_and_separators_do_not_matter() -> None:
    mapping = settings_of(propose({"public": {}, "Clinic": CAMEL}, None, {})).mapping
    assert mapping.schema == "Clinic"
    assert mapping.table("recordings") == "Recording"
    assert mapping.column("recordings", "pet_id") == "petId"
    assert mapping.column("recordings", "created_at") == "createdAt"


def test_foreign_keys_tell_what_joins_pets_and_appointments() -> None:
    mapping = settings_of(propose({"public": CAMEL}, None, {})).mapping
    assert mapping.table("appointment_pets") == "Booked"
    assert mapping.column("appointment_pets", "pet_id") == "animal"
    assert mapping.column("appointment_pets", "appointment_id") == "slot"


def test_what_two_tables_could_be_stays_open() -> None:
    twice = CAMEL | {"Seen": Found("Seen", ("a", "b"), {"a": "Pet", "b": "Appointment"})}
    proposal = propose({"public": twice}, None, {})
    assert "appointment_pets" in proposal.open
    assert "Booked" in settings_text(proposal)
    assert "appointment_pets" not in settings_of(proposal).mapping.tables


def test_two_columns_that_differ_by_case_are_not_chosen_between() -> None:
    odd = DEFAULT | {
        "recordings": Found("recordings", ("id", "petId", "PetID", "appointment_id"), {})
    }
    proposal = propose({"public": odd}, None, {})
    assert set(proposal.open) == {"recordings.pet_id"}


def test_what_a_person_says_goes_first() -> None:
    said = {"recordings": "Vet", "recordings.pet_id": "id"}
    mapping = settings_of(propose({"public": CAMEL}, None, said)).mapping
    assert mapping.table("recordings") == "Vet"
    assert mapping.column("recordings", "pet_id") == "id"


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=63))
def test_every_name_survives_the_file(name: str) -> None:
    tables = {"recordings": name}
    proposal = Proposal(name, tables, {"recordings": {"pet_id": name}}, {"pets": (name,)})
    mapping = settings_of(proposal).mapping
    assert (mapping.schema, mapping.table("recordings")) == (name, name)
    assert mapping.column("recordings", "pet_id") == name
