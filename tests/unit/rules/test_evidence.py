"""What is inferred is sound."""

from dataclasses import replace

import pytest
from hypothesis import given

from petrec.rules import classify
from petrec.rules.evidence import certain
from petrec.rules.facts import Facts, VisitFacts
from tests.plugins.random_clinics import Clinic, clinics

REX, LUNA = "rex", "luna"
ONE, BOTH = frozenset({REX}), frozenset({REX, LUNA})


@given(clinic=clinics(may_hide=()))
def test_a_pet_is_inferred_only_where_it_makes_the_recording_ok(clinic: Clinic) -> None:
    for recording in clinic.recordings:
        facts = clinic.facts(recording)
        evidence = certain(facts)
        assert (evidence is not None) == (classify(facts).id == "missing_inferable")
        if evidence is not None:
            assert classify(replace(facts, pet_id=evidence.pet_id, pet_exists=True)).id == "ok"
            assert evidence.pet_id in clinic.pets
            if len(facts.linked) > 1:
                assert evidence.strategy.id == "visit"


@pytest.mark.parametrize(
    ("facts", "pet", "strategy"),
    [
        (Facts(None, "a", False, True, ONE, ONE), REX, "single_pet"),
        (Facts(None, "a", False, True, ONE, ONE, VisitFacts(REX, "a", True)), REX, "visit"),
        (Facts(None, "a", False, True, ONE, ONE, VisitFacts(None, "a", False)), REX, "single_pet"),
        (Facts(None, "a", False, True, BOTH, BOTH, VisitFacts(LUNA, None, True)), LUNA, "visit"),
        (Facts(None, None, visit=VisitFacts(LUNA, "b", True)), LUNA, "visit"),
    ],
)
def test_the_visit_comes_before_the_single_pet(facts: Facts, pet: str, strategy: str) -> None:
    found = certain(facts)
    assert found is not None
    assert (found.pet_id, found.strategy.id) == (pet, strategy)


@pytest.mark.parametrize(
    "facts",
    [
        Facts(REX, "a", True, True, ONE, ONE),
        Facts(None, "a", False, False, ONE, ONE),
        Facts(None, "a", False, True, BOTH, ONE),
        Facts(None, "a", False, True, ONE, frozenset()),
        Facts(None, "a", False, True, ONE, ONE, VisitFacts(LUNA, None, True)),
        Facts(None, "a", False, True, ONE, ONE, VisitFacts(REX, "b", True)),
        Facts(None, None, visit=VisitFacts(LUNA, "b", False)),
    ],
)
def test_nothing_is_certain_of_a_pet_that_is_there_contradicted_or_one_of_several(
    facts: Facts,
) -> None:
    assert certain(facts) is None
