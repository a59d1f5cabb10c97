"""The facts of one recording, as plain Python values; twin of `facts_sql`."""

from collections.abc import Hashable
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class VisitFacts:
    """The recording's visit, if its row exists."""

    pet_id: Hashable | None
    appointment_id: Hashable | None
    pet_exists: bool

    def contradicts(self, pet: Hashable | None, appointment: Hashable | None) -> bool:
        """Return whether the visit names another pet or appointment; None contradicts nothing."""
        pairs = ((self.pet_id, pet), (self.appointment_id, appointment))
        return any(None not in pair and pair[0] != pair[1] for pair in pairs)


@dataclass(frozen=True)
class Facts:
    """One recording with its appointment's pets: all that a rule may use.

    `linked` are the pets that the appointment lists, `known` those of them that exist in pets.
    """

    pet_id: Hashable | None
    appointment_id: Hashable | None
    pet_exists: bool = False
    appointment_exists: bool = False
    linked: frozenset[Hashable] = frozenset()
    known: frozenset[Hashable] = frozenset()
    visit: VisitFacts | None = None

    @property
    def has_pet(self) -> bool:
        """Return whether the recording names a pet."""
        return self.pet_id is not None

    @property
    def has_appointment(self) -> bool:
        """Return whether the recording names an appointment."""
        return self.appointment_id is not None

    @property
    def appointment_ok(self) -> bool:
        """Return whether the appointment named, if any, exists."""
        return not self.has_appointment or self.appointment_exists

    @property
    def pet_ok(self) -> bool:
        """Return whether the pet exists and was in the appointment, if there is one."""
        in_appointment = self.appointment_exists and self.pet_id in self.linked
        return self.has_pet and self.pet_exists and (not self.has_appointment or in_appointment)

    @cached_property
    def visit_differs(self) -> bool:
        """Return whether the visit contradicts the recording or its appointment's pets."""
        if self.visit is None:
            return False
        pet = self.visit.pet_id
        unlisted = self.appointment_exists and pet is not None and pet not in self.linked
        return self.visit.contradicts(self.pet_id, self.appointment_id) or (
            not self.has_pet and unlisted
        )
