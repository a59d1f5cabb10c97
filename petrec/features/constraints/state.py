"""The state of an object in the catalog, its steps, and its problems."""

from dataclasses import dataclass
from enum import StrEnum

from msgspec import Struct

from petrec.features.constraints.statements.base import Lock, Statement, Waits


class Presence(StrEnum):
    """What the catalog says of one object."""

    PRESENT = "present"
    EQUIVALENT = "equivalent"
    MISSING = "missing"
    INVALID = "invalid"
    BEING_BUILT = "being built"
    IN_THE_WAY = "in the way"
    UNSUPPORTED = "unsupported"
    LEFT_OUT = "left out"


DONE = frozenset({Presence.PRESENT, Presence.EQUIVALENT, Presence.LEFT_OUT})
OPEN = frozenset({Presence.MISSING, Presence.INVALID})
# What the request can leave out by name.
SHUT = frozenset({Presence.IN_THE_WAY, Presence.UNSUPPORTED})
HELD = frozenset({Presence.PRESENT, Presence.INVALID})


class Judgement(Struct, frozen=True):
    """The presence of an object, its name in the catalog, and the reason."""

    presence: Presence
    actual: str = ""
    detail: str = ""


class ObjectState(Struct, frozen=True):
    """One object of the integration guide; `actual` is its name if that differs."""

    name: str
    group: str
    table: str
    kind: str
    presence: Presence
    actual: str = ""
    detail: str = ""

    @property
    def is_done(self) -> bool:
        """Return whether there is nothing left to do."""
        return self.presence in DONE


@dataclass(frozen=True)
class Step:
    """One statement of the plan, for one object.

    `rows` and `bytes` are what it reads, `index_bytes` the size of the index that it builds.
    """

    object: str
    statement: Statement
    rows: int = 0
    bytes: int = 0
    index_bytes: int = 0

    @property
    def sql(self) -> str:
        """Return the statement's text."""
        return self.statement.sql

    @property
    def locks(self) -> tuple[Lock, ...]:
        """Return the locks that the statement takes."""
        return self.statement.locks

    @property
    def waits(self) -> Waits:
        """Return how long it may wait for its locks."""
        return self.statement.waits

    @property
    def hazard(self) -> str:
        """Return its effect on other sessions."""
        return self.statement.hazard


class Problem(Struct, frozen=True):
    """What blocks the plan at an object, and the fix."""

    object: str
    reason: str
    fix: str
