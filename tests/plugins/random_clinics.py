"""Random small clinics with references of every sort, as rows and as the rules' facts."""

from collections.abc import Sequence
from dataclasses import dataclass

from hypothesis import strategies as st

from petrec.rules.facts import Facts, VisitFacts

# Ids 1-3 may exist; 8 and 9 never do.
_REFERENCE = st.sampled_from([None, 1, 2, 3, 9])
_PET = st.sampled_from([1, 2, 3, 9])


@dataclass(frozen=True)
class Visit:
    """A row of visits."""

    pet_id: int | None
    appointment_id: int | None


@dataclass(frozen=True)
class Clinic:
    """All rows of a small database; recordings are (pet, appointment, visit)."""

    pets: frozenset[int]
    appointments: frozenset[int]
    links: Sequence[tuple[int, int | None]]
    visits: Sequence[Visit]
    recordings: Sequence[tuple[int | None, int | None, int | None]]

    def facts(self, recording: tuple[int | None, int | None, int | None]) -> Facts:
        """Return what a rule may look at, worked out without SQL."""
        pet, appointment, visit = recording
        linked = frozenset(p for a, p in self.links if a == appointment and p is not None)
        found = self.visits[visit - 1] if visit and visit <= len(self.visits) else None
        return Facts(
            pet_id=pet,
            appointment_id=appointment,
            pet_exists=pet in self.pets,
            appointment_exists=appointment in self.appointments,
            linked=linked,
            known=linked & self.pets,
            visit=VisitFacts(found.pet_id, found.appointment_id, found.pet_id in self.pets)
            if found
            else None,
        )


@st.composite
def clinics(draw: st.DrawFn, *, sound: bool = False) -> Clinic:
    """Draw a clinic; in a `sound` one the links obey foreign keys and a primary key."""
    pets = draw(st.frozensets(st.sampled_from([1, 2, 3])))
    appointments = draw(st.frozensets(st.sampled_from([1, 2, 3])))
    pet = st.sampled_from(sorted(pets)) if sound and pets else st.one_of(_PET, st.none())
    appointment = (
        st.sampled_from(sorted(appointments))
        if sound and appointments
        else st.sampled_from([1, 2, 9])
    )
    possible = not sound or (pets and appointments)
    links = (
        draw(st.lists(st.tuples(appointment, pet), max_size=6, unique=sound)) if possible else []
    )
    visits = draw(st.lists(st.builds(Visit, _REFERENCE, _REFERENCE), max_size=3))
    recordings = st.tuples(_REFERENCE, _REFERENCE, _REFERENCE)
    return Clinic(
        pets, appointments, links, visits, draw(st.lists(recordings, min_size=1, max_size=8))
    )
