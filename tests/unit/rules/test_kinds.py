"""Each recording has the one kind that its facts make."""

import pytest
from hypothesis import given

from petrec.rules import FINDINGS, KINDS, classify, kind_by_id
from petrec.rules.facts import Facts, VisitFacts
from tests.plugins.random_clinics import Clinic, clinics

REX, LUNA, TOM = "rex", "luna", "tom"
BOTH = frozenset({REX, LUNA})
ONLY_REX = frozenset({REX})


def missing(linked: frozenset[str] = frozenset(), **more: object) -> Facts:
    """Return the facts of a recording without a pet at an appointment with these pets."""
    facts: dict[str, object] = {"appointment_exists": True, "linked": linked, "known": linked}
    return Facts(None, "a", **(facts | more))  # type: ignore[arg-type]


def given_pet(**more: object) -> Facts:
    """Return the facts of a recording with a pet at an appointment with two."""
    facts: dict[str, object] = {"pet_exists": True, "appointment_exists": True}
    return Facts(REX, "a", **(facts | {"linked": BOTH, "known": BOTH} | more))  # type: ignore[arg-type]


def visit(pet: str | None, appointment: str | None = None, exists: bool = True) -> VisitFacts:
    return VisitFacts(pet, appointment, exists)


CASES = {
    "nothing": (Facts(None, None), "missing_no_appointment"),
    "a visit alone": (Facts(None, None, visit=visit(REX)), "missing_inferable"),
    "a visit without pet": (Facts(None, None, visit=visit(None)), "missing_no_appointment"),
    "a visit of no pet": (
        Facts(None, None, visit=visit(REX, exists=False)),
        "missing_no_appointment",
    ),
    "an appointment gone": (Facts(None, "a"), "missing_dangling_appointment"),
    "gone, with its pet": (Facts(None, "a", linked=ONLY_REX, known=ONLY_REX),
                           "missing_dangling_appointment"),
    "gone, with a visit": (Facts(None, "a", visit=visit(REX)), "missing_dangling_appointment"),
    "an appointment without pets": (missing(), "missing_no_pets"),
    "with a pet that is gone": (missing(ONLY_REX, known=frozenset()), "missing_no_pets"),
    "with one pet": (missing(ONLY_REX), "missing_inferable"),
    "with two pets": (missing(BOTH), "missing_ambiguous"),
    "with two, one gone": (missing(BOTH, known=ONLY_REX), "missing_ambiguous"),
    "with two and a visit": (missing(BOTH, visit=visit(LUNA)), "missing_inferable"),
    "with two and a visit of none": (missing(BOTH, visit=visit(None)), "missing_ambiguous"),
    "with two, a visit elsewhere": (missing(BOTH, visit=visit(LUNA, "b")), "visit_conflict"),
    "with two, a visit here": (missing(BOTH, visit=visit(LUNA, "a")), "missing_inferable"),
    "with one, a visit of another": (missing(ONLY_REX, visit=visit(TOM)), "visit_conflict"),
    "without pets, a visit of one": (missing(visit=visit(TOM)), "visit_conflict"),
    "without pets, a visit elsewhere of none": (missing(visit=visit(None, "b")), "visit_conflict"),
    "a pet of the appointment": (given_pet(), "ok"),
    "a pet without appointment": (Facts(REX, None, pet_exists=True), "ok"),
    "a pet without appointment, a visit": (
        Facts(REX, None, pet_exists=True, visit=visit(REX, "b")),
        "ok",
    ),
    "a pet that is gone": (given_pet(pet_exists=False), "dangling_pet"),
    "pet and appointment gone": (Facts(REX, "a"), "dangling_pet"),
    "a pet gone, without appointment": (Facts(REX, None), "dangling_pet"),
    "a pet, the appointment gone": (Facts(REX, "a", pet_exists=True), "dangling_appointment"),
    "a pet gone from the list": (given_pet(known=frozenset({LUNA})), "ok"),
    "a pet of another appointment": (given_pet(linked=frozenset({LUNA})), "mismatched"),
    "a pet where none is": (given_pet(linked=frozenset(), known=frozenset()), "mismatched"),
    "its visit": (given_pet(visit=visit(REX, "a")), "ok"),
    "a visit of another": (given_pet(visit=visit(LUNA)), "visit_conflict"),
    "a visit elsewhere": (given_pet(visit=visit(REX, "b")), "visit_conflict"),
    "a visit elsewhere of none": (given_pet(visit=visit(None, "b")), "visit_conflict"),
    "mismatched, a visit of another": (
        given_pet(linked=frozenset({LUNA}), visit=visit(LUNA)),
        "mismatched",
    ),
    "gone, a visit of another": (given_pet(pet_exists=False, visit=visit(LUNA)), "dangling_pet"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_facts_make_exactly_one_kind(name: str) -> None:
    facts, kind = CASES[name]
    assert [each.id for each in KINDS if each.holds(facts)] == [kind]
    assert classify(facts).id == kind


def test_every_kind_is_among_the_cases() -> None:
    assert {kind for _, kind in CASES.values()} == {kind.id for kind in KINDS}


@given(clinic=clinics(may_hide=()))
def test_exactly_one_kind_holds_whatever_the_facts(clinic: Clinic) -> None:
    for recording in clinic.recordings:
        facts = clinic.facts(recording)
        assert [kind for kind in KINDS if kind.holds(facts)] == [classify(facts)]


def test_a_kind_is_found_by_its_id() -> None:
    assert [kind_by_id(kind.id) for kind in KINDS] == list(KINDS)
    with pytest.raises(KeyError):
        kind_by_id("absent")


def test_all_kinds_but_ok_are_findings() -> None:
    assert [kind.id for kind in KINDS if kind not in FINDINGS] == ["ok"]
