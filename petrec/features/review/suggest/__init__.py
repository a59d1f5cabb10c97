"""Suggestions for a reviewer: one source, one file; never a decision."""

from collections.abc import Callable, Iterator, Sequence

from petrec.features.review.candidates import Option
from petrec.features.review.case import Strength, Suggestion
from petrec.features.review.observed import Observed
from petrec.features.review.suggest import (
    name_mentioned,
    only_pet_of_owner,
    others_recorded,
    same_day,
    single_pet,
    visit,
)

Suggested = tuple[Option, Strength, str]
Source = Callable[[Observed, Sequence[Option]], Iterator[Suggested]]

SOURCES: dict[str, Source] = {
    "visit": visit.suggest,
    "others_recorded": others_recorded.suggest,
    "name_mentioned": name_mentioned.suggest,
    "only_pet_of_owner": only_pet_of_owner.suggest,
    "single_pet": single_pet.suggest,
    "same_day": same_day.suggest,
}


def suggestions(seen: Observed, options: Sequence[Option]) -> dict[Option, list[Suggestion]]:
    """Return what speaks for each option, the strongest first."""
    found: dict[Option, list[Suggestion]] = {option: [] for option in options}
    for name, source in SOURCES.items():
        for option, strength, reason in source(seen, options):
            found[option].append(Suggestion(name, strength, reason))
    for reasons in found.values():
        reasons.sort(key=lambda suggestion: rank(suggestion.strength))
    return found


def rank(strength: Strength) -> int:
    """Return 0 for the strongest."""
    return list(Strength).index(strength)
