"""Exactly one candidate's name stands as whole words in what was said or written."""

import unicodedata
from collections.abc import Iterator, Sequence

from petrec.features.review.candidates import Option
from petrec.features.review.case import Strength
from petrec.features.review.observed import Observed

_SOURCES = {
    "transcript_text": ("the transcript", Strength.STRONG),
    "original_filename": ("the file name", Strength.STRONG),
    "title": ("the appointment's title", Strength.WEAK),
    "notes": ("the appointment's notes", Strength.WEAK),
}


def suggest(seen: Observed, options: Sequence[Option]) -> Iterator[tuple[Option, Strength, str]]:
    """Suggest the one candidate that is named, by the first source that names one."""
    texts = {name: _normal(seen.context.get(name) or "") for name in _SOURCES}
    names = {option.pet.id: _normal(option.pet.name) for option in options}
    named = {pet for pet, name in names.items() if any(mentions(t, name) for t in texts.values())}
    if len(named) != 1:
        return
    for option in options:
        name = names[option.pet.id]
        if option.pet.id in named:
            where, strength = next(_SOURCES[s] for s, t in texts.items() if mentions(t, name))
            yield option, strength, f"{where} names {option.pet.name}, and no other candidate"


def mentions(text: str, name: str) -> bool:
    """Say whether a name stands in a text as whole words; both are normal already."""
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
    """Letters, digits, and the marks that belong to letters."""
    return bool(character) and unicodedata.category(character)[0] in "LNM"


def _normal(text: str) -> str:
    """Fold case and composition, so that equal names are equal strings."""
    folded = unicodedata.normalize("NFD", text).casefold()
    return " ".join(unicodedata.normalize("NFC", folded).split())
