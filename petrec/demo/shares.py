"""The composition of the clinic: sorts of appointments, and the damage as shares of recordings."""

from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

SLOTS = 10_000


class Sort(NamedTuple):
    """A sort of appointment: how many of a hundred, its pets, its owner's pets (from, to)."""

    per_hundred: int
    pets: int
    owned: tuple[int, int]


ONLY_PET = Sort(26, pets=1, owned=(1, 1))
ONE_OF_SEVERAL = Sort(53, pets=1, owned=(2, 3))
TWO_PETS = Sort(15, pets=2, owned=(2, 3))
THREE_PETS = Sort(4, pets=3, owned=(3, 3))
WITH_A_NEIGHBOURS = Sort(1, pets=4, owned=(3, 3))
NO_PETS = Sort(1, pets=0, owned=(1, 3))
SORTS = (ONLY_PET, ONE_OF_SEVERAL, TWO_PETS, THREE_PETS, WITH_A_NEIGHBOURS, NO_PETS)

SINGLE = (ONLY_PET, ONE_OF_SEVERAL)
SEVERAL = (TWO_PETS, THREE_PETS, WITH_A_NEIGHBOURS)
ANY = (*SINGLE, *SEVERAL)


class Link(StrEnum):
    """What happened to the recording's appointment."""

    KEPT = "kept"
    NULL = "null"
    LOST = "lost"


class Pet(StrEnum):
    """Which pet a recording names."""

    RIGHT = "right"
    NULL = "null"
    LOST = "lost"
    SIBLING = "sibling"
    STRANGER = "stranger"


class Visit(StrEnum):
    """What the recording's visit says."""

    NONE = "none"
    AGREES = "agrees"
    OTHER_PET = "other_pet"
    OTHER_APPOINTMENT = "other_appointment"


class Share(NamedTuple):
    """A part of the recordings: its fraction, its appointments, and its damage."""

    fraction: float
    sorts: tuple[Sort, ...]
    link: Link = Link.KEPT
    pet: Pet = Pet.RIGHT
    visit: Visit = Visit.NONE


DAMAGE = {
    "inferable from a single-pet appointment": Share(0.20, SINGLE, pet=Pet.NULL),
    "inferable from a visit, several pets": Share(0.012, SEVERAL, pet=Pet.NULL, visit=Visit.AGREES),
    "inferable from a visit, no appointment": Share(0.008, ANY, Link.NULL, Pet.NULL, Visit.AGREES),
    "ambiguous": Share(0.08, SEVERAL, pet=Pet.NULL),
    "appointment without pets": Share(0.01, (NO_PETS,), pet=Pet.NULL),
    "no appointment": Share(0.01, ANY, Link.NULL, Pet.NULL),
    "no pet, dangling appointment": Share(0.0025, ANY, Link.LOST, Pet.NULL),
    "dangling pet": Share(0.004, ANY, pet=Pet.LOST),
    "dangling appointment": Share(0.001, ANY, Link.LOST),
    "mismatched, same owner": Share(0.03, (ONE_OF_SEVERAL,), pet=Pet.SIBLING),
    "mismatched, other owner": Share(0.02, ANY, pet=Pet.STRANGER),
    "visit names another pet": Share(0.0008, ANY, visit=Visit.OTHER_PET),
    "visit names another appointment": Share(0.0007, ANY, visit=Visit.OTHER_APPOINTMENT),
    "no pet, visit names one from elsewhere": Share(
        0.0005, ANY, pet=Pet.NULL, visit=Visit.OTHER_PET
    ),
}
SOUND = {
    "with a visit": Share(0.06, ANY, visit=Visit.AGREES),
    "without an appointment": Share(0.02, ANY, Link.NULL),
}
PLAIN = Share(1 - sum(s.fraction for s in (*DAMAGE.values(), *SOUND.values())), ANY)


class Slot(NamedTuple):
    """One of `SLOTS` equal parts of the recordings; positions are those of `positions`."""

    number: int
    first_position: int
    positions: int
    link: str
    pet: str
    visit: str


def slots() -> Iterator[Slot]:
    """Divide the recordings among the shares."""
    number = 0
    for share in (*DAMAGE.values(), *SOUND.values(), PLAIN):
        first = sum(sort.per_hundred for sort in SORTS[: SORTS.index(share.sorts[0])])
        count = sum(sort.per_hundred for sort in share.sorts)
        for _ in range(round(share.fraction * SLOTS)):
            yield Slot(number, first, count, share.link, share.pet, share.visit)
            number += 1


def positions() -> Iterator[tuple[int, int, int, int]]:
    """Return position, pets, fewest and most pets of the owner, for a hundred appointments."""
    sorts = [sort for sort in SORTS for _ in range(sort.per_hundred)]
    for position, sort in enumerate(sorts):
        yield position, sort.pets, *sort.owned
