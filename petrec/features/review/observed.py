"""The observed values of one doubtful recording and of related pets."""

from functools import cached_property

from msgspec import Struct


class SeenPet(Struct, frozen=True):
    """A row of pets; `details` distinguishes pets of the same name."""

    id: str
    name: str = ""
    details: str = ""
    owner: str | None = None
    owner_name: str | None = None


class SeenAppointment(Struct, frozen=True):
    """An appointment that a recording could belong to, with the pets that it lists."""

    id: str
    date: str = ""
    title: str = ""
    pets: tuple[SeenPet, ...] = ()


class SeenVisit(Struct, frozen=True):
    """The recording's visit, and the appointment that it names.

    `is_listed`: whether that appointment lists the visit's pet, or the recording's if it has none;
    `is_stored` counts links that `[mapping.where]` excludes as well.
    """

    pet: SeenPet | None
    pet_id: str | None
    appointment: str | None
    appointment_exists: bool = False
    owner: str | None = None
    is_listed: bool | None = None
    is_stored: bool | None = None


class Owned(Struct, frozen=True):
    """The pets of the appointment's owner; none are listed if there are too many."""

    size: int
    pets: tuple[SeenPet, ...] | None


class Observed(Struct, frozen=True, dict=True):
    """One recording that needs a person; ids as PostgreSQL writes them.

    `linked` are all ids that the appointment lists, `listed` those of them that exist in pets,
    `recorded` those that another recording of the appointment has. If it lists too many, `linked`
    are only those that the visit, the recording or the owner has, and `listed` is None. `stored`
    are those of these three that the appointment has a link for, also if `[mapping.where]` excludes
    it.
    """

    key: tuple[str, ...]
    kind: str
    state: str
    pet_id: str | None
    appointment: str | None
    appointment_exists: bool
    owner: str | None
    own: SeenPet | None
    linked: tuple[str, ...] | None = None
    stored: tuple[str, ...] | None = None
    listed: tuple[SeenPet, ...] | None = None
    recorded: tuple[str, ...] | None = None
    crowded: bool | None = None
    owned: Owned | None = None
    elsewhere: tuple[tuple[SeenAppointment, ...] | None, ...] = ()
    around: tuple[SeenAppointment, ...] | None = None
    same_vet: tuple[SeenAppointment, ...] | None = None
    visit: SeenVisit | None = None
    audio_key: str | None = None
    context: dict[str, str | None] = {}

    @property
    def recording_id(self) -> str:
        """Return the recording's id."""
        return self.key[0]

    def is_listed(self, pet_id: str) -> bool:
        """Return whether the recording's appointment lists a pet."""
        return pet_id in self._linked

    def is_stored(self, pet_id: str) -> bool:
        """Return whether there is a link of the pet, which then cannot be added."""
        return pet_id in (self.stored or ())

    @cached_property
    def _linked(self) -> frozenset[str]:
        return frozenset(self.linked or ())
