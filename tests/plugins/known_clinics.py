"""Small clinics that tests of random ones try first, so that a fault shows early."""

from dataclasses import replace

from tests.plugins.random_clinics import TABLES, Clinic, Rows, Visit

# Recordings of many kinds; no key holds.
MANY_KINDS = Clinic(
    pets=(1, 2, 3),
    appointments=(1, 2, 3, 4),
    links=((1, 1), (1, 2), (2, 2), (2, None), (3, 9), (8, 1), (2, 2)),
    visits=(Visit(1, 1), Visit(3, None), Visit(9, None)),
    recordings=(
        (1, 1, 1),
        (1, None, None),
        (None, None, None),
        (None, 8, None),
        (None, 4, None),
        (None, 3, None),
        (None, 1, None),
        (None, 2, None),
        (None, 1, 1),
        (None, None, 2),
        (None, None, 3),
        (None, 1, 2),
        (9, 1, None),
        (9, None, None),
        (1, 8, None),
        (3, 1, None),
        (2, 1, 1),
        (9, 8, 1),
    ),
    hidden=Rows(
        pets=(9,), appointments=(8,), links=((4, 1), (1, 3)), recordings=((None, None, None),)
    ),
    conditions=frozenset(TABLES),
    pet_owners={1: 7, 2: 7, 3: 8},
    place_owners={1: 7, 2: 8, 3: None},
)
# The same where all keys hold, with a pet and an appointment that do not count.
SOUND_KINDS = Clinic(
    pets=(1, 2, 3),
    appointments=(1, 2, 3),
    links=((1, 1), (1, 2), (2, 2), (3, 9), (2, 9)),
    visits=(Visit(1, 1), Visit(3, None), Visit(9, None)),
    recordings=(
        (1, 1, 1),
        (2, 2, None),
        (1, None, None),
        (None, None, None),
        (None, 8, None),
        (None, 3, None),
        (None, 1, None),
        (None, 2, None),
        (None, 1, 1),
        (None, None, 2),
        (None, None, 3),
        (9, 3, None),
        (9, None, None),
        (1, 8, None),
        (3, 1, None),
        (2, 1, 1),
    ),
    hidden=Rows(pets=(9,), appointments=(8,), links=((1, 3),)),
    conditions=frozenset({"pets", "appointments", "appointment_pets"}),
    pet_owners={1: 7, 2: 7, 3: 8},
    place_owners={1: 7, 2: 8, 3: None},
)
# Without conditions, keys that are trusted prove something.
TRUSTED_KINDS = replace(
    SOUND_KINDS,
    pets=(1, 2, 3, 9),
    appointments=(1, 2, 3, 8),
    links=(*SOUND_KINDS.links, (1, 3)),
    hidden=Rows(),
    conditions=frozenset(),
)
