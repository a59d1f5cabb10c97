"""The recording names another pet than the only one that its appointment lists."""

from collections.abc import Iterator, Sequence

from petrec.features.review.candidates import Option
from petrec.features.review.case import Strength
from petrec.features.review.observed import Observed


def suggest(seen: Observed, options: Sequence[Option]) -> Iterator[tuple[Option, Strength, str]]:
    """Suggest the appointment's single pet."""
    listed = {pet.id for pet in seen.listed or ()}
    for option in options:
        here = seen.appointment_exists and option.appointment == seen.appointment
        if len(listed) == 1 and here and option.pet.id in listed:
            yield option, Strength.MEDIUM, "the appointment lists this pet alone"
