"""The recording's visit names the pet, but contradicts the rest."""

from collections.abc import Iterator, Sequence

from petrec.features.review.candidates import Option
from petrec.features.review.case import Strength
from petrec.features.review.observed import Observed


def suggest(seen: Observed, options: Sequence[Option]) -> Iterator[tuple[Option, Strength, str]]:
    """Suggest the visit's pet."""
    pet_id = seen.visit.pet_id if seen.visit else None
    for option in options:
        if pet_id is not None and option.pet.id == pet_id:
            yield option, Strength.STRONG, "the recording's visit names this pet"
