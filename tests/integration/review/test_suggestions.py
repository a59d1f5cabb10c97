"""What speaks for a candidate, and when it must be silent."""

import pytest

from petrec.features.review.candidates import options
from petrec.features.review.case import Strength, Suggestion, Verdict
from petrec.features.review.cases import make_case
from petrec.features.review.observed import Observed, Owned, SeenAppointment, SeenPet
from petrec.features.review.suggest import _normal, mentions

REX, LUNA, BO = (
    SeenPet("1", "Rex", owner="o"),
    SeenPet("2", "Luna", owner="o"),
    SeenPet("3", "Bo", owner="x"),
)


def ambiguous(**extra: object) -> Observed:
    values = {
        "key": ("r",), "kind": "missing_ambiguous", "state": "s", "pet_id": None,
        "appointment": "a", "appointment_exists": True, "owner": "o", "own": None,
        "linked": ("1", "2"), "listed": (REX, LUNA), "owned": Owned(2, (REX, LUNA)),
    }  # fmt: skip
    return Observed(**(values | extra))  # type: ignore[arg-type]


def mismatched(own: SeenPet, **extra: object) -> Observed:
    values = {
        "kind": "mismatched",
        "pet_id": own.id,
        "own": own,
        "linked": ("1",),
        "listed": (REX,),
    }
    return ambiguous(**(values | extra))


def said(seen: Observed) -> dict[str, list[Suggestion]]:
    return {c.pet_id: list(c.suggestions) for c in make_case(seen).candidates if c.suggestions}


def test_nothing_is_suggested_without_evidence() -> None:
    assert said(ambiguous()) == {}


def test_all_others_have_recordings() -> None:
    found = said(ambiguous(recorded=("1",)))
    assert [(s.source, s.strength) for s in found["2"]] == [("others_recorded", Strength.MEDIUM)]
    assert said(ambiguous(recorded=("1", "2"))) == {}


def test_a_pet_that_is_linked_twice_is_named_once() -> None:
    bo = SeenPet("4", "Bo")
    seen = ambiguous(recorded=("1", "2", "4"), listed=(REX, LUNA, bo, REX))
    assert dict(make_case(seen).context)["recorded_pets"] == "Bo, Luna, Rex"


def test_the_one_name_in_the_transcript() -> None:
    found = said(ambiguous(context={"transcript_text": "So LUNA is well."}))
    assert [(s.source, s.strength) for s in found["2"]] == [("name_mentioned", Strength.STRONG)]
    assert said(ambiguous(context={"transcript_text": "Luna bit Rex"})) == {}
    assert said(ambiguous(context={"transcript_text": "Luna", "title": "Rex"})) == {}


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ("visit_rex_0.m4a", "Rex", True),
        ("T-rex, twice", "Rex", True),
        ("Rexy is here", "Rex", False),
        ("Prex", "Rex", False),
        ("Rex2", "Rex", False),
        ("a rexy Rex", "Rex", True),
        ("STRASSE", "Straße", True),
        ("Rene\u0301", "René", True),
        ("Rene\u0301", "Rene", False),
        ("O'Malley!", "O'Malley", True),
        ("1 =Sum 2", "=Sum", True),
        ("小花 ist da", "小花", True),
        ("anything", "", False),
        ("Mrs.\u00a0 Paws", "Mrs. Paws", True),
    ],
)
def test_a_name_is_found_as_a_whole_word(text: str, name: str, expected: bool) -> None:
    assert mentions(_normal(text), _normal(name)) is expected


def test_the_only_pet_of_its_owner() -> None:
    found = said(ambiguous(listed=(), linked=(), owned=Owned(1, (REX,))))
    assert [(s.source, s.strength) for s in found["1"]] == [("only_pet_of_owner", Strength.STRONG)]


def test_a_mismatch_where_the_appointment_has_one_pet() -> None:
    found = said(mismatched(BO))
    assert [s.source for s in found["1"]] == ["single_pet"]


def test_an_appointment_of_the_same_day_has_the_pet() -> None:
    seen = mismatched(BO, elsewhere=((SeenAppointment("b", "2025-09-01 08:00"),),))
    chosen = [c for c in make_case(seen).candidates if c.pet_id == "3"]
    assert [(c.verdict, c.appointment_id) for c in chosen] == [("assign", "b"), ("assign", None)]
    assert [s.source for s in chosen[0].suggestions] == ["same_day"]


def test_a_link_needs_the_owner_to_match() -> None:
    verdicts = {o.pet.id: o.verdict for o in options(mismatched(LUNA)) if o.appointment == "a"}
    assert verdicts == {"1": Verdict.ASSIGN, "2": Verdict.LINK}
    assert "3" not in {o.pet.id for o in options(mismatched(BO)) if o.appointment == "a"}


def test_the_strongest_suggestion_ranks_first() -> None:
    case = make_case(ambiguous(context={"transcript_text": "Luna"}))
    assert [c.name for c in case.candidates] == ["Luna", "Rex"]


def test_only_cases_without_a_usable_appointment_are_open() -> None:
    assert make_case(ambiguous()).open is None
    lost = ambiguous(appointment=None, appointment_exists=False, listed=None, linked=None)
    assert make_case(lost).open is Verdict.ASSIGN
    assert make_case(ambiguous(owner=None, owned=None)).open is Verdict.LINK
    assert make_case(ambiguous(owned=Owned(900, None))).open is Verdict.LINK
