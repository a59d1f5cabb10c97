"""Secondary facts: not kinds, because they overlap with them, but worth a look."""

from dataclasses import dataclass


@dataclass(frozen=True)
class SecondaryFact:
    """A fact about recordings that an audit counts beside the kinds."""

    id: str
    sentence: str


OWNER_DIFFERS = SecondaryFact(
    id="owner_differs",
    sentence="the pet's owner is not the appointment's owner",
)
EVIDENCE_OVERTAKEN = SecondaryFact(
    id="evidence_overtaken",
    sentence="assigned as the appointment's only pet, but the appointment now has several",
)
SECONDARY = (OWNER_DIFFERS, EVIDENCE_OVERTAKEN)
FACT_IDS = tuple(fact.id for fact in SECONDARY)
