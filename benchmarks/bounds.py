"""The bounds of the audit's benchmark: whose time may be which part of whose."""

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.clinics import Damage

PETREC = "petrec audit"
SCANNED = "petrec audit --engine duckdb"
TRUSTING = "petrec audit --trust-constraints"
IGNORING = "the same, owners ignored"
FOUR, SEVEN = "four plain queries", "seven plain queries"
# By the beginning of its name, which its version follows.
DUCKDB = "duckdb"


@dataclass(frozen=True)
class Bound:
    """On this damage the time of `way` is at most this part of that of `other`."""

    damage: Damage
    way: str
    other: str
    most: float


@dataclass(frozen=True)
class Held:
    """A bound with the ratio that was measured at one size."""

    bound: Bound
    recordings: int
    ratio: float

    @property
    def met(self) -> bool:
        """Return whether the bound holds."""
        return self.ratio <= self.bound.most


BOUNDS = (
    Bound(Damage.MUCH, PETREC, SEVEN, 0.6),
    Bound(Damage.LITTLE, PETREC, FOUR, 1.0),
    Bound(Damage.KEPT, TRUSTING, FOUR, 0.2),
    Bound(Damage.MUCH, SCANNED, DUCKDB, 1.15),
)


def compared(way: str, damage: Damage) -> bool:
    """Return whether a bound on this damage compares petrec with this way."""
    return any(bound.damage is damage and way.startswith(bound.other) for bound in BOUNDS)


def medians(results: Sequence[Mapping[str, Any]], recordings: int, damage: str) -> dict[str, float]:
    """Return the median seconds by way, at one size and damage."""
    return {
        row["way"]: statistics.median(row["seconds"])
        for row in results
        if (row["recordings"], row["damage"]) == (recordings, damage)
    }


def held(results: Sequence[Mapping[str, Any]]) -> Iterator[Held]:
    """Yield every bound at every size of which both times were measured."""
    for recordings in sorted({row["recordings"] for row in results}):
        for bound in BOUNDS:
            found = medians(results, recordings, bound.damage.value)
            others = [seconds for way, seconds in found.items() if way.startswith(bound.other)]
            if bound.way in found and others:
                yield Held(bound, recordings, found[bound.way] / others[0])
