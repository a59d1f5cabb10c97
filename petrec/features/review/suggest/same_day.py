"""Another appointment of the same day has the recording's pet, or the same vet."""

from collections.abc import Iterator, Sequence

from petrec.features.review.candidates import Option, places
from petrec.features.review.case import Strength
from petrec.features.review.observed import Observed


def suggest(seen: Observed, options: Sequence[Option]) -> Iterator[tuple[Option, Strength, str]]:
    """Suggest an appointment of the pet on that day; weakly, one of the same vet."""
    own = {place.id for place in places(seen)}
    vets = {place.id for place in seen.same_vet or ()}
    for option in options:
        if option.appointment in own and seen.own and option.pet.id == seen.own.id:
            reason = "the recording's pet has this other appointment on the same day"
            yield option, Strength.MEDIUM, reason
        elif option.appointment in vets and not seen.appointment_exists:
            yield option, Strength.WEAK, "an appointment of the same vet on the same day"
