"""The data of a review: cases for people, and their decisions."""

from enum import StrEnum

from msgspec import Struct


class Verdict(StrEnum):
    """What a person may decide about a case."""

    ASSIGN = "assign"
    LINK = "link"
    CANNOT_TELL = "cannot_tell"
    LEAVE = "leave"

    @property
    def is_silent(self) -> bool:
        """Return whether the verdict is recorded, but changes no recording."""
        return self in {Verdict.CANNOT_TELL, Verdict.LEAVE}


class Strength(StrEnum):
    """How much a suggestion is worth; none is ever a decision."""

    STRONG = "strong"
    MEDIUM = "medium"
    WEAK = "weak"


class Suggestion(Struct, frozen=True):
    """Why a candidate may be the pet; `source` names the rule."""

    source: str
    strength: Strength
    reason: str


class Candidate(Struct, frozen=True):
    """A pet that a case may be decided for.

    `verdict` is assign or link: what choosing it means. `appointment_id` is the appointment that
    the recording has afterwards; None where it has none.
    """

    pet_id: str
    name: str
    verdict: Verdict
    appointment_id: str | None
    details: str = ""
    suggestions: tuple[Suggestion, ...] = ()


class Case(Struct, frozen=True):
    """One doubtful recording; `state` is a hash of the observed values, `context` is for reading.

    Where `open` is a verdict, any other existing pet may be named under it, too: by `assign` the
    recording then has no appointment, by `link` the pet is added to the appointment it has.
    `audio` is a link to the sound, if the export has such links.
    """

    recording_id: str
    kind: str
    state: str
    pet_id: str | None
    appointment_id: str | None
    candidates: tuple[Candidate, ...]
    context: tuple[tuple[str, str], ...] = ()
    open: Verdict | None = None
    audio: str | None = None


class Decision(Struct, frozen=True, forbid_unknown_fields=True):
    """One person's verdict on one case; `pet_id` where the verdict names a pet."""

    recording_id: str
    kind: str
    state: str
    verdict: Verdict
    pet_id: str | None = None
    appointment_id: str | None = None
    reviewer: str = ""
    note: str = ""
