"""The appointment's owner has one pet."""

from collections.abc import Iterator, Sequence

from petrec.features.review.candidates import Option
from petrec.features.review.case import Strength
from petrec.features.review.observed import Observed


def suggest(seen: Observed, options: Sequence[Option]) -> Iterator[tuple[Option, Strength, str]]:
    """Suggest the owner's only pet."""
    pets = (seen.owned.pets if seen.owned else None) or ()
    for option in options:
        if len(pets) == 1 and option.pet.id == pets[0].id:
            yield option, Strength.STRONG, "the appointment's owner has this pet alone"
