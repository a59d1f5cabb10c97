"""The result of reading: entries, and problems of invalid lines."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from petrec.documents.spool import Spool
from petrec.features.review.case import Decision
from petrec.features.review.imported import LineProblem, SourceLine

Row = Mapping[str, str]


@dataclass(frozen=True)
class DecisionEntry:
    """A decision, its place, and its row, for a file of rejects."""

    place: SourceLine
    decision: Decision
    row: Row


@dataclass
class Reading:
    """Everything that was read, the entries on disk; `rows` are of the problems, by place."""

    reviewer: str = ""
    entries: Spool[DecisionEntry] = field(default_factory=lambda: Spool(DecisionEntry))
    problems: list[LineProblem] = field(default_factory=list)
    rows: dict[SourceLine, Row] = field(default_factory=dict)
    undecided: int = 0

    def refuse(
        self, place: SourceLine, where: str, reason: str, row: Row | None = None, value: str = ""
    ) -> None:
        """Note a problem of a line, or of a file."""
        recording = (row or {}).get("recording_id", "")
        problem = LineProblem(place, where, reason, recording_id=recording, value=value)
        self.problems.append(problem)
        if row is not None:
            self.rows[place] = row

    def part(self) -> "Reading":
        """Return a reading for one file, which adds to the same entries."""
        return Reading(self.reviewer, self.entries)

    def add(self, part: "Reading") -> None:
        """Take over what was read of one file."""
        self.problems += part.problems
        self.rows |= part.rows
        self.undecided += part.undecided
