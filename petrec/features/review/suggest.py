"""Suggestions for a reviewer, one function a source; none is ever a decision."""

import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence

from petrec.features.review.candidates import Option, places
from petrec.features.review.case import Strength, Suggestion
from petrec.features.review.observed import Observed

Suggested = tuple[Option, Strength, str]
_TEXTS = {
    "transcript_text": ("the transcript", Strength.STRONG),
    "original_filename": ("the file name", Strength.STRONG),
    "title": ("the appointment's title", Strength.WEAK),
    "notes": ("the appointment's notes", Strength.WEAK),
}


def suggestions(seen: Observed, options: Sequence[Option]) -> dict[Option, list[Suggestion]]:
    """Return the suggestions for each option, the strongest first."""
    found: dict[Option, list[Suggestion]] = {option: [] for option in options}
    for name, source in _SOURCES.items():
        for option, strength, reason in source(seen, options):
            found[option].append(Suggestion(name, strength, reason))
    for reasons in found.values():
        reasons.sort(key=lambda suggestion: rank(suggestion.strength))
    return found


def rank(strength: Strength) -> int:
    """Return 0 for the strongest."""
    return list(Strength).index(strength)


def _visit(seen: Observed, options: Sequence[Option]) -> Iterator[Suggested]:
    """Suggest the visit's pet: the visit names it, but contradicts the rest."""
    pet_id = seen.visit.pet_id if seen.visit else None
    for option in options:
        if pet_id is not None and option.pet.id == pet_id:
            yield option, Strength.STRONG, "the recording's visit names this pet"


def _others_recorded(seen: Observed, options: Sequence[Option]) -> Iterator[Suggested]:
    """Suggest the one pet of the appointment that has no recording yet."""
    listed = [option for option in options if seen.appointment_exists and
              option.appointment == seen.appointment and seen.is_listed(option.pet.id)]  # fmt: skip
    recorded = frozenset(seen.recorded or ())
    silent = [option for option in listed if option.pet.id not in recorded]
    if len(listed) > 1 and len(silent) == 1:
        reason = "all other pets of the appointment have recordings already"
        yield silent[0], Strength.MEDIUM, reason


def _name_mentioned(seen: Observed, options: Sequence[Option]) -> Iterator[Suggested]:
    """Suggest the only candidate whose name appears as whole words in the texts."""
    texts = {name: _normal(seen.context.get(name) or "") for name in _TEXTS}
    names = {option.pet.id: _normal(option.pet.name) for option in options}
    named = {pet for pet, name in names.items() if any(mentions(t, name) for t in texts.values())}
    if len(named) != 1:
        return
    for option in options:
        name = names[option.pet.id]
        if option.pet.id in named:
            where, strength = next(_TEXTS[s] for s, t in texts.items() if mentions(t, name))
            yield option, strength, f"{where} names {option.pet.name}, and no other candidate"


def _only_pet_of_owner(seen: Observed, options: Sequence[Option]) -> Iterator[Suggested]:
    """Suggest the only pet of the appointment's owner."""
    pets = (seen.owned.pets if seen.owned else None) or ()
    for option in options:
        if len(pets) == 1 and option.pet.id == pets[0].id:
            yield option, Strength.STRONG, "the appointment's owner has only this pet"


def _single_pet(seen: Observed, options: Sequence[Option]) -> Iterator[Suggested]:
    """Suggest the only pet that the appointment lists, where the recording names another."""
    listed = {pet.id for pet in seen.listed or ()}
    for option in options:
        here = seen.appointment_exists and option.appointment == seen.appointment
        if len(listed) == 1 and here and option.pet.id in listed:
            yield option, Strength.MEDIUM, "the appointment has only this pet"


def _same_day(seen: Observed, options: Sequence[Option]) -> Iterator[Suggested]:
    """Suggest an appointment of the pet on that day; weakly, one of the same vet."""
    own = {place.id for place in places(seen)}
    vets = {place.id for place in seen.same_vet or ()}
    for option in options:
        if option.appointment in own and seen.own and option.pet.id == seen.own.id:
            reason = "the recording's pet has this other appointment on the same day"
            yield option, Strength.MEDIUM, reason
        elif option.appointment in vets and not seen.appointment_exists:
            yield option, Strength.WEAK, "an appointment of the same vet on the same day"


_SOURCES: Mapping[str, Callable[[Observed, Sequence[Option]], Iterator[Suggested]]] = {
    "visit": _visit,
    "others_recorded": _others_recorded,
    "name_mentioned": _name_mentioned,
    "only_pet_of_owner": _only_pet_of_owner,
    "single_pet": _single_pet,
    "same_day": _same_day,
}


def mentions(text: str, name: str) -> bool:
    """Return whether a name appears in a text as whole words; both are normalised."""
    start = text.find(name) if name else -1
    while start >= 0:
        end = start + len(name)
        apart = _edge(text[start - 1 : start], name[0]) and _edge(text[end : end + 1], name[-1])
        if apart:
            return True
        start = text.find(name, start + 1)
    return False


def _edge(outside: str, inside: str) -> bool:
    return not (_is_word(outside) and _is_word(inside))


def _is_word(character: str) -> bool:
    """Return whether a character is a letter, a digit or a mark of a letter."""
    return bool(character) and unicodedata.category(character)[0] in "LNM"


def _normal(text: str) -> str:
    """Fold case and composition, so that equal names are equal strings."""
    folded = unicodedata.normalize("NFD", text).casefold()
    return " ".join(unicodedata.normalize("NFC", folded).split())
