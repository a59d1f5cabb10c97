"""What is unknown contradicts nothing."""

import pytest

from petrec.rules.agreement import may_link
from petrec.rules.facts import VisitFacts
from petrec.rules.outcome import becomes_ok


@pytest.mark.parametrize(
    ("pet_owner", "appointment_owner", "may"),
    [(1, 1, True), (1, 2, False), (None, 2, True), (1, None, True), (None, None, True)],
)
def test_a_pet_joins_an_appointment_of_its_owner_or_of_nobody(
    pet_owner: int | None, appointment_owner: int | None, may: bool
) -> None:
    assert may_link(pet_owner, appointment_owner) is may


@pytest.mark.parametrize(
    ("visit", "contradicts"),
    [
        (VisitFacts("rex", "a", True), False),
        (VisitFacts(None, None, False), False),
        (VisitFacts("luna", "a", True), True),
        (VisitFacts("rex", "b", True), True),
        (VisitFacts(None, "b", False), True),
        (VisitFacts("luna", None, False), True),
    ],
)
def test_a_visit_contradicts_only_what_it_names_otherwise(
    visit: VisitFacts, contradicts: bool
) -> None:
    assert visit.contradicts("rex", "a") is contradicts
    assert becomes_ok("rex", "a", visit) is not contradicts
    assert visit.contradicts(None, None) is False


def test_a_decision_for_a_pet_needs_neither_appointment_nor_visit() -> None:
    assert becomes_ok("rex", "a")
    assert becomes_ok("rex", None)
    assert becomes_ok("rex", None, VisitFacts("rex", "b", True))
    assert not becomes_ok("rex", None, VisitFacts("luna", None, True))
