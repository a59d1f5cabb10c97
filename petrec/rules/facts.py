"""What is known about one recording, as plain Python values; twin of `facts_sql`."""

from collections.abc import Hashable
from dataclasses import dataclass, replace
from functools import cached_property


@dataclass(frozen=True)
class VisitFacts:
    """The recording's visit, where its row exists."""

    pet_id: Hashable | None
    appointment_id: Hashable | None
    pet_exists: bool


@dataclass(frozen=True)
class Facts:
    """One recording with its appointment's pets: all that a rule may look at.

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
        """Say whether the recording names a pet."""
        return self.pet_id is not None

    @property
    def has_appointment(self) -> bool:
        """Say whether the recording names an appointment."""
        return self.appointment_id is not None

    @property
    def grounded(self) -> bool:
        """Say whether the appointment named, if any, exists."""
        return not self.has_appointment or self.appointment_exists

    @property
    def placed(self) -> bool:
        """Say whether the pet exists and was in the appointment, if there is one."""
        in_appointment = self.appointment_exists and self.pet_id in self.linked
        return self.has_pet and self.pet_exists and (not self.has_appointment or in_appointment)

    @cached_property
    def visit_differs(self) -> bool:
        """Say whether the visit contradicts the recording or its appointment."""
        if self.visit is None:
            return False
        pet, appointment = self.visit.pet_id, self.visit.appointment_id
        if appointment is not None and self.has_appointment and appointment != self.appointment_id:
            return True
        if pet is None:
            return False
        if self.has_pet:
            return pet != self.pet_id
        return self.has_appointment and self.appointment_exists and pet not in self.linked

    def with_pet(self, pet_id: Hashable) -> "Facts":
        """Return the facts as they would be with an existing pet assigned."""
        return replace(self, pet_id=pet_id, pet_exists=True)
