"""What several people have decided about one recording: agreement, or a conflict."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec

from petrec.features.review.case import Decision, Verdict
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


def agreed(valid: Sequence[Valid]) -> tuple[list[Ballot], list[list[Valid]]]:
    """Return ballots in the order of the entries, and the groups that contradict each other.

    "Cannot tell" does not contradict another decision: both are recorded.
    """
    ballots, conflicts = [], []
    for group in _groups(valid):
        for votes in (_with(group, abstained=False), _with(group, abstained=True)):
            if len({choice_of(vote.entry.decision) for vote in votes}) > 1:
                conflicts.append(votes)
            elif votes:
                ballots.append(_ballot(votes))
    return ballots, conflicts


def _groups(valid: Sequence[Valid]) -> Iterator[list[Valid]]:
    groups: dict[tuple[str, ...], list[Valid]] = defaultdict(list)
    for one in valid:
        groups[one.key].append(one)
    yield from groups.values()


def _with(group: Sequence[Valid], *, abstained: bool) -> list[Valid]:
    cannot = Verdict.CANNOT_TELL
    return [one for one in group if (one.entry.decision.verdict is cannot) is abstained]


def _ballot(votes: Sequence[Valid]) -> Ballot:
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
