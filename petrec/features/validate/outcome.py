"""The outcome of each rule, of the baseline, and of each expected constraint."""

from enum import StrEnum

from msgspec import Struct


class Level(StrEnum):
    """The outcome of a rule."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"
    OFF = "off"


class RuleOutcome(Struct, frozen=True):
    """One rule: its count, its level, and the limit that it broke.

    `new` and `known` split the count by the baseline; None without one. A rule that is off may
    have a count, or None if nothing could be counted.
    """

    id: str
    level: Level
    sentence: str
    count: int | None
    percent: float
    broken: str = ""
    known: int | None = None
    new: int | None = None
    help: str = ""
    samples: tuple[str, ...] = ()


class RatchetOutcome(Struct, frozen=True):
    """How the findings compare with the baseline; `fixed` entries are stale.

    `samples` names some new recordings of each kind.
    """

    file: str
    known: dict[str, int]
    new: dict[str, int]
    fixed: dict[str, int]
    updated: bool = False
    samples: dict[str, tuple[str, ...]] = {}

    @property
    def stale(self) -> int:
        """Return how many entries of the file no longer match a finding."""
        return sum(self.fixed.values())

    @property
    def unrelated(self) -> bool:
        """Return whether file and findings have nothing in common, as with another database."""
        return not any(self.known.values()) and bool(self.stale) and any(self.new.values())


class ExpectationState(StrEnum):
    """Whether the database enforces what is expected."""

    VALID = "valid"
    INVALID = "invalid"
    MISSING = "missing"


class ExpectationOutcome(Struct, frozen=True):
    """One constraint or index that should be there; `found` is its name in the database."""

    id: str
    state: ExpectationState
    found: str = ""
