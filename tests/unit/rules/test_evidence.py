"""What is inferred is sound."""

from hypothesis import given

from petrec.rules import classify
from petrec.rules.evidence import certain
from tests.plugins.random_clinics import Clinic, clinics


@given(clinic=clinics())
def test_a_pet_is_inferred_only_where_it_makes_the_recording_ok(clinic: Clinic) -> None:
    for recording in clinic.recordings:
        facts = clinic.facts(recording)
        evidence = certain(facts)
        assert (evidence is not None) == (classify(facts).id == "missing_inferable")
        if evidence is not None:
            assert classify(facts.with_pet(evidence.pet_id)).id == "ok"
            assert evidence.pet_id in clinic.pets
            if len(facts.linked) > 1:
                assert evidence.strategy.id == "visit"
