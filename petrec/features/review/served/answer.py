"""What the page asks the server, and what it is answered."""

from enum import StrEnum

import msgspec

from petrec.features.review.agree import SHARED
from petrec.features.review.case import Case, Decision, Verdict
from petrec.features.review.earlier import EarlierDecision

# The place of a decision that was made in the page, in the journal.
SOURCE = "review serve"


class Outcome(StrEnum):
    """What became of a decision, or of its undo."""

    SAVED = "saved"
    UNDONE = "undone"
    TAKEN = "taken"
    CHANGED = "changed"
    REFUSED = "refused"


class StandingDecision(msgspec.Struct, frozen=True):
    """A decision of the journal that stands, as the page shows it; `run` is where it is recorded.

    `mine` is whether it was made in the page: only that can be undone there.
    """

    verdict: Verdict
    pet_id: str | None
    appointment_id: str | None
    reviewer: str
    note: str
    run: int
    mine: bool = False


class Answer(msgspec.Struct, frozen=True, omit_defaults=True):
    """The outcome; the decision that stands; and the case where the page shows an older one.

    `reason` is why nothing was written. `gone` is whether the recording needs no decision now.
    """

    outcome: Outcome
    recording_id: str
    standing: StandingDecision | None = None
    case: Case | None = None
    reason: str = ""
    gone: bool = False


class DecideRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A decision as files hold it, and the run of the decision that the page knows, or 0."""

    decision: msgspec.Raw
    known: int = 0


class UndoRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who undoes the decision of a run about a recording."""

    recording_id: str
    reviewer: str
    run: int


class LookRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who looks at which case, and what the page knows: the number of its last event.

    `state` is that of the case which has just been opened, to learn whether it has changed.
    """

    client: str
    reviewer: str = ""
    recording_id: str = ""
    since: int = 0
    state: str = ""


def standing_of(decision: EarlierDecision) -> StandingDecision:
    """Return a decision of the journal as the page shows it."""
    return StandingDecision(
        Verdict(decision.verdict),
        decision.pet_id,
        decision.appointment_id,
        decision.reviewer,
        decision.note,
        decision.run_id,
        _made_in_the_page(decision),
    )


def overtaken(decision: Decision, known: int, stands: EarlierDecision | None) -> Answer | None:
    """Return that another decision stands: one that the page does not know, or of others."""
    if stands is None:
        return None
    if _is_same(stands, decision) and (stands.written or is_of(stands, decision.reviewer)):
        return Answer(Outcome.SAVED, decision.recording_id, standing_of(stands))
    unknown = stands.run_id > known and stands.verdict != Verdict.CANNOT_TELL
    others = stands.written and not is_of(stands, decision.reviewer)
    if unknown or others:
        return Answer(Outcome.TAKEN, decision.recording_id, standing_of(stands))
    return None


def is_of(stands: EarlierDecision, reviewer: str) -> bool:
    """Return whether this person alone has made the decision, in the page."""
    return _made_in_the_page(stands) and stands.reviewer == reviewer.strip()


def _made_in_the_page(stands: EarlierDecision) -> bool:
    return stands.source == SOURCE and SHARED not in stands.reviewer


def _is_same(stands: EarlierDecision, decision: Decision) -> bool:
    mine = (decision.verdict, decision.pet_id, decision.appointment_id)
    return mine == (stands.verdict, stands.pet_id, stands.appointment_id)
