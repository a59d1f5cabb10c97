"""What several people have decided about one recording: agreement, or a conflict."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from petrec.features.review.case import Decision
from petrec.features.review.read.entry import DecisionEntry

# Separates the names of people who share a decision.
SHARED = "; "


@dataclass(frozen=True)
class Before:
    """A recording before its decision is written, and the names of both pets, for reading."""

    pet_id: str | None = None
    appointment_id: str | None = None
    pet_name: str = ""
    new_name: str = ""


@dataclass(frozen=True)
class Valid:
    """An entry that may be written, its recording's whole key, and whether it changes that."""

    entry: DecisionEntry
    key: tuple[str, ...]
    moves: bool = False
    before: Before = Before()


@dataclass(frozen=True)
class Ballot:
    """One decision to be recorded, with the people who share it."""

    key: tuple[str, ...]
    decision: Decision
    source: str
    moves: bool = False
    before: Before = Before()


def choice_of(decision: Decision) -> tuple[str, str | None, str | None]:
    """Return what is decided, without reviewer and note."""
    return decision.verdict, decision.pet_id, decision.appointment_id


def agreed(votes: Sequence[Valid]) -> Ballot | None:
    """Return the ballot of people who decided the same about a recording; None if they differ."""
    if len({choice_of(vote.entry.decision) for vote in votes}) > 1:
        return None
    decisions = [vote.entry.decision for vote in votes]
    merged = msgspec.structs.replace(
        decisions[0],
        reviewer=_distinct([decision.reviewer for decision in decisions], SHARED),
        note=_distinct([decision.note for decision in decisions], " / "),
    )
    source = _distinct([str(vote.entry.place) for vote in votes], "; ")
    return Ballot(votes[0].key, merged, source, votes[0].moves, votes[0].before)


def _distinct(texts: Sequence[str], separator: str) -> str:
    return separator.join(dict.fromkeys(text for text in texts if text))
