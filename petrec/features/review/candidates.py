"""Which pets a recording could belong to: only choices that would make it `ok`."""

from collections.abc import Iterator
from dataclasses import dataclass

from petrec.features.review.case import Verdict
from petrec.features.review.observed import Observed, SeenAppointment, SeenPet
from petrec.rules.agreement import may_link
from petrec.rules.facts import VisitFacts
from petrec.rules.outcome import becomes_ok


@dataclass(frozen=True)
class Option:
    """A pet, what choosing it means, and the appointment that the recording has then."""

    pet: SeenPet
    verdict: Verdict
    appointment: str | None
    place: str = ""

    @property
    def identity(self) -> tuple[str, str | None]:
        """Return what distinguishes this option from the others of its case."""
        return self.pet.id, self.appointment


def options(seen: Observed) -> tuple[Option, ...]:
    """Return the options of a case, without duplicates; the first source found is kept."""
    found: dict[tuple[str, str | None], Option] = {}
    for option in _possible(seen):
        if fits(seen, option) and not _is_excluded(seen, option):
            found.setdefault(option.identity, option)
    return tuple(found.values())


def open_verdict(seen: Observed) -> Verdict | None:
    """Return under which verdict any other existing pet may be named, if at all."""
    if not seen.appointment_exists:
        return Verdict.ASSIGN
    too_many = seen.crowded or (seen.owned is not None and seen.owned.pets is None)
    return Verdict.LINK if seen.owner is None or too_many else None


def fits(seen: Observed, option: Option) -> bool:
    """Return whether the recording would be `ok`; the write checks it again in SQL, under lock."""
    visit = seen.visit
    facts = VisitFacts(visit.pet_id, visit.appointment, visit.pet is not None) if visit else None
    return becomes_ok(option.pet.id, option.appointment, facts)


def _is_excluded(seen: Observed, option: Option) -> bool:
    """Return whether the pet cannot be added: `[mapping.where]` excludes a link that it has."""
    if option.verdict is not Verdict.LINK:
        return False
    if option.appointment == seen.appointment:
        return seen.is_stored(option.pet.id)
    return seen.visit is not None and bool(seen.visit.is_stored)


def _possible(seen: Observed) -> Iterator[Option]:
    if seen.visit is not None:
        yield from _of_visit(seen)
    if seen.appointment_exists:
        yield from _of_appointment(seen)
    else:
        yield from _of_the_day(seen)
    if seen.own is not None:
        yield from _keeping_the_pet(seen, seen.own)


def _of_appointment(seen: Observed) -> Iterator[Option]:
    for pet in seen.listed or ():
        yield Option(pet, Verdict.ASSIGN, seen.appointment, "in the appointment")
    if seen.own is not None and seen.is_listed(seen.own.id):
        yield Option(seen.own, Verdict.ASSIGN, seen.appointment, "in the appointment")
    elif seen.own is not None and may_link(seen.own.owner, seen.owner):
        added = "the recording's current pet, would be added to the appointment"
        yield Option(seen.own, Verdict.LINK, seen.appointment, added)
    for pet in (seen.owned.pets if seen.owned else None) or ():
        if not seen.is_listed(pet.id):
            added = "same owner, would be added to the appointment"
            yield Option(pet, Verdict.LINK, seen.appointment, added)
        elif seen.crowded:
            yield Option(pet, Verdict.ASSIGN, seen.appointment, "same owner, in the appointment")


def _of_the_day(seen: Observed) -> Iterator[Option]:
    for place in (*(seen.same_vet or ()), *(seen.around or ())):
        for pet in place.pets:
            yield Option(pet, Verdict.ASSIGN, place.id, f"in appointment {in_words(place)}")


def _keeping_the_pet(seen: Observed, own: SeenPet) -> Iterator[Option]:
    for place in places(seen):
        yield Option(own, Verdict.ASSIGN, place.id, f"in its own appointment {in_words(place)}")
    if not may_link(own.owner, seen.owner) or not seen.appointment_exists:
        yield Option(own, Verdict.ASSIGN, None, "keeps the pet, without an appointment")


def _of_visit(seen: Observed) -> Iterator[Option]:
    visit = seen.visit
    pet = visit.pet if visit and visit.pet else seen.own
    if visit is None or pet is None:
        return
    if visit.appointment is None or visit.appointment == seen.appointment:
        target, exists, owner = seen.appointment, seen.appointment_exists, seen.owner
        is_listed = seen.is_listed(pet.id)
    else:
        target, exists, owner = visit.appointment, visit.appointment_exists, visit.owner
        is_listed = bool(visit.is_listed)
    if target is None or not exists:
        yield Option(pet, Verdict.ASSIGN, None, "as the visit says, without an appointment")
    elif is_listed:
        yield Option(pet, Verdict.ASSIGN, target, "as the visit says")
    elif may_link(pet.owner, owner):
        added = "as the visit says, would be added to its appointment"
        yield Option(pet, Verdict.LINK, target, added)


def places(seen: Observed) -> tuple[SeenAppointment, ...]:
    """Return the other appointments of the same day that have the recording's own pet."""
    found = (place for group in seen.elsewhere for place in group or ())
    return tuple({p.id: p for p in found if p.id != seen.appointment}.values())


def in_words(place: SeenAppointment) -> str:
    """Return an appointment in words."""
    return " ".join(part for part in (place.date[:16], place.title) if part) or place.id
