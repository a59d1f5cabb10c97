"""All other pets of the appointment already have recordings."""

from collections.abc import Iterator, Sequence

from petrec.features.review.candidates import Option
from petrec.features.review.case import Strength
from petrec.features.review.observed import Observed


def suggest(seen: Observed, options: Sequence[Option]) -> Iterator[tuple[Option, Strength, str]]:
    """Suggest the one pet of the appointment that has no recording yet."""
    listed = [option for option in options if seen.appointment_exists and
              option.appointment == seen.appointment and seen.is_listed(option.pet.id)]  # fmt: skip
    recorded = seen.recorded or ()
    silent = [option for option in listed if option.pet.id not in recorded]
    if len(listed) > 1 and len(silent) == 1:
        reason = "all other pets of the appointment already have recordings"
        yield silent[0], Strength.MEDIUM, reason
