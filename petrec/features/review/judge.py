"""Compare one decision with the current recording."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from petrec.features.review.agree import SHARED
from petrec.features.review.candidates import Option, fits, open_verdict, options
from petrec.features.review.case import Decision, Verdict
from petrec.features.review.cases import MOST_CANDIDATES
from petrec.features.review.earlier import EarlierDecision
from petrec.features.review.imported import Trouble
from petrec.features.review.observed import Observed, SeenPet
from petrec.rules.agreement import may_link


@dataclass(frozen=True)
class Objection:
    """Why a decision is not recorded."""

    where: str
    reason: str
    trouble: Trouble = Trouble.ERROR
    value: str = ""


def overtaken(
    decision: Decision, there: bool, earlier: Sequence[EarlierDecision]
) -> Objection | None:
    """Check a decision about an outdated state; None if the decision itself caused the change."""
    if not there:
        return Objection(
            "recording_id", "there is no recording with this id", value=decision.recording_id
        )
    written = [one for one in earlier if one.written and one.state == decision.state]
    if any(_is_same(one, decision) for one in written):
        return None
    if written and decision.verdict is not Verdict.CANNOT_TELL:
        last = written[-1]
        reason = f"{last.reviewer} decided differently, and run {last.run_id} has written that"
        return Objection("decision", reason, Trouble.CONFLICT)
    if decision.verdict.is_silent and (written or any(_is_same(one, decision) for one in earlier)):
        return None
    reason = "the recording has changed since it was exported: export again"
    return Objection("state", reason, Trouble.STALE)


def is_recorded(decision: Decision, earlier: Sequence[EarlierDecision]) -> bool:
    """Return whether this verdict, which writes nothing, is recorded for this state and person."""
    standing = (one for one in earlier if not one.withdrawn)
    return any(_is_same(one, decision) and decision.reviewer in one.reviewer.split(SHARED)
               for one in standing)  # fmt: skip


def judge(seen: Observed, decision: Decision, pets: Mapping[str, SeenPet]) -> Objection | None:
    """Check a decision about the current state; None if it may be written."""
    if decision.kind != seen.kind:
        return Objection("kind", f"the recording is {seen.kind}, not {decision.kind or 'nothing'}")
    if decision.verdict.is_silent:
        return None
    pet = pets.get(decision.pet_id) if decision.pet_id is not None else None
    if pet is None:
        return Objection("pet_id", "there is no pet with this id", value=decision.pet_id or "")
    found = options(seen)
    wanted = Option(pet, decision.verdict, decision.appointment_id)
    if any(o.identity == wanted.identity and o.verdict is wanted.verdict for o in found):
        return None
    return _open(seen, wanted, opened=len(found) > MOST_CANDIDATES)


def _open(seen: Observed, wanted: Option, *, opened: bool) -> Objection | None:
    """Judge a pet that is not one of the candidates."""
    allowed = open_verdict(seen) or (Verdict.LINK if opened else None)
    place = seen.appointment if allowed is Verdict.LINK else None
    if wanted.verdict is not allowed or wanted.appointment != place:
        return Objection("pet_id", f"{_in_words(wanted)} is not one of the candidates")
    if allowed is Verdict.LINK and not may_link(wanted.pet.owner, seen.owner):
        return Objection(
            "pet_id", f"{_in_words(wanted)} does not belong to the owner of the appointment"
        )
    if not fits(seen, wanted):
        return Objection("pet_id", f"the recording's visit contradicts {_in_words(wanted)}")
    return None


def _in_words(option: Option) -> str:
    verdict = {Verdict.LINK: "adding ", Verdict.ASSIGN: ""}[option.verdict]
    place = f" in appointment {option.appointment}" if option.appointment else ""
    return f"{verdict}pet {option.pet.id}{place}"


def _is_same(one: EarlierDecision, decision: Decision) -> bool:
    mine = (decision.state, decision.verdict, decision.pet_id, decision.appointment_id)
    return mine == (one.state, one.verdict, one.pet_id, one.appointment_id)
