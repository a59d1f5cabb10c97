"""What reading collects: entries, and the problems of lines that are none."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from petrec.features.review.case import Decision
from petrec.features.review.imported import Place, Problem

Row = Mapping[str, str]


@dataclass(frozen=True)
class Entry:
    """A decision, where it stands, and the row it stands in, for a file of rejects."""

    place: Place
    decision: Decision
    row: Row


@dataclass
class Reading:
    """Everything that was read; `rows` are those of the problems, by place."""

    reviewer: str = ""
    entries: list[Entry] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    rows: dict[Place, Row] = field(default_factory=dict)
    undecided: int = 0

    def refuse(
        self, place: Place, where: str, reason: str, row: Row | None = None, value: str = ""
    ) -> None:
        """Note a problem of a line, or of a file."""
        recording = (row or {}).get("recording_id", "")
        problem = Problem(place, where, reason, recording_id=recording, value=value)
        self.problems.append(problem)
        if row is not None:
            self.rows[place] = row

    def part(self) -> "Reading":
        """Return an empty reading for one file."""
        return Reading(self.reviewer)

    def add(self, part: "Reading") -> None:
        """Take over what was read of one file."""
        self.entries += part.entries
        self.problems += part.problems
        self.rows |= part.rows
        self.undecided += part.undecided
