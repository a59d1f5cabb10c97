"""Warnings: not kinds, because they overlap with them, but worth a look."""

from dataclasses import dataclass


@dataclass(frozen=True)
class RuleWarning:
    """A warning that an audit counts beside the kinds; `sentence` says what it found."""

    id: str
    sentence: str


OWNER_DIFFERS = RuleWarning(
    id="owner_differs",
    sentence="the pet's owner is not the appointment's owner",
)
EVIDENCE_OVERTAKEN = RuleWarning(
    id="evidence_overtaken",
    sentence="assigned as the appointment's only pet, but the appointment now has several",
)
WARNINGS = (OWNER_DIFFERS, EVIDENCE_OVERTAKEN)
WARNING_IDS = tuple(warning.id for warning in WARNINGS)
