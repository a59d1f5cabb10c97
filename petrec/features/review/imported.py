"""What a review import would do, has done, and has refused."""

from collections import Counter
from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct

from petrec.documents.amounts import counted
from petrec.documents.document import Document, Grid, Result
from petrec.documents.frames import records_frame
from petrec.features.runs.result import MovedOn, left_alone
from petrec.features.runs.run import Run, SkipCause
from petrec.phrases import Phrase, Phrased

if TYPE_CHECKING:
    from pandas import DataFrame

_CAUSES = {
    SkipCause.OVERTAKEN: "changed before they were written",
    SkipCause.REFUSED: "refused by the database",
    SkipCause.REWRITTEN: "changed differently by a trigger",
}

# How many lines with the same reason are named.
_EXAMPLES = 5


class Trouble(StrEnum):
    """Why a line is refused: invalid, outdated, or contradicted."""

    ERROR = "error"
    STALE = "stale"
    CONFLICT = "conflict"


class SourceLine(Struct, frozen=True):
    """A place in the files; `sheet` is empty for a file without sheets."""

    file: str
    sheet: str = ""
    line: int = 0

    def __str__(self) -> str:
        """Return the place in words."""
        sheet = f", sheet {self.sheet}" if self.sheet else ""
        return f"{self.file}{sheet}" + (f", line {self.line}" if self.line else "")


class LineProblem(Struct, frozen=True):
    """One reason against one line, or against a whole file where the line is 0.

    `value` is the line's value that the reason is about.
    """

    place: SourceLine
    field: str
    reason: str
    trouble: Trouble = Trouble.ERROR
    recording_id: str = ""
    value: str = ""

    def __str__(self) -> str:
        """Return field, value and reason for a person."""
        return ": ".join(part for part in (self.field, self.value, self.reason) if part)


class ReviewImport(Result, frozen=True):
    """A plan, or an import at its end."""

    files: tuple[str, ...]
    verdicts: dict[str, int]
    already: int
    problems: tuple[LineProblem, ...]
    applied: bool = False
    partial: bool = False
    run: Run | None = None
    resumed: Run | None = None
    skipped: tuple[MovedOn, ...] = ()
    rejects: tuple[str, ...] = ()
    inferable: int = 0
    obstacles: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    command: str = "review import"

    @property
    def accepted(self) -> int:
        """Return how many decisions are to be recorded, or were."""
        return sum(self.verdicts.values())

    @property
    def is_clean(self) -> bool:
        """Return whether no line was refused or overtaken."""
        return not self.problems and not self.skipped

    def frame(self) -> "DataFrame":
        """Return the problems as a data frame."""
        return records_frame(LineProblem, self.problems)

    def document(self) -> Document:
        """Return the form for rendering."""
        verdicts = [(verdict, count) for verdict, count in self.verdicts.items()]
        rows = [*verdicts, ("recorded before", self.already), ("refused", len(self.problems))]
        rows += [(_CAUSES[cause], count) for cause, count in self._causes().items() if count]
        grids = [Grid("Decisions", ("decision", "count"), tuple(rows))]
        if self.problems:
            columns = ("file", "sheet", "lines", "count", "field", "problem", "why", "value",
                       "recording")  # fmt: skip
            grids.append(Grid("Problems", columns, tuple(map(_cells, by_reason(self.problems)))))
        if self.skipped:
            grids.append(left_alone("Skipped when written", self.skipped))
        return Document(self.command, self._title(), self, tuple(grids), notes=self._notes())

    def _causes(self) -> dict[SkipCause, int]:
        counted = Counter(row.cause for row in self.skipped)
        return {cause: counted[cause] for cause in SkipCause}

    def _title(self) -> str:
        if not self.applied:
            return f"plan: record {self.accepted} decisions"
        if self.run is None:
            return "nothing was written" if self.problems else "nothing to do"
        return (
            f"run {self.run.id} {self.run.state}: {counted(self.run.changed, 'recording')} changed"
        )

    def _notes(self) -> tuple[str, ...]:
        refused = bool(self.problems) and not self.partial
        remarks = (
            *(Phrased(Phrase.APPLY_WOULD_FAIL, obstacle=obstacle) for obstacle in self.obstacles),
            *self.warnings,
            Phrased(Phrase.INFERABLE_BEFORE_LINKS, count=self.inferable)
            if self.inferable and self.verdicts.get("link")
            else "",
            f"run {self.resumed.id} was unfinished and was completed first" if self.resumed else "",
            Phrased(Phrase.IMPORT_PARTIALLY) if refused else "",
            f"refused lines: {', '.join(self.rejects)}" if self.rejects else "",
            self.run.speed if self.run else "",
            self.run.warning if self.run else "",
            f"to undo: petrec runs undo {self.run.id}" if self.run and self.run.changed else "",
            "" if self.applied else Phrased(Phrase.IMPORT_NOT_APPLIED),
        )
        return tuple(remark for remark in remarks if remark)


def by_reason(problems: Sequence[LineProblem]) -> list[tuple[LineProblem, ...]]:
    """Group the problems with the same reason in one sheet, by the first line of each."""
    found: dict[tuple[str, ...], list[LineProblem]] = {}
    for one in problems:
        place = one.place
        key = (place.file, place.sheet, one.field, one.trouble, one.reason)
        found.setdefault(key, []).append(one)
    return [tuple(each) for each in found.values()]


def _cells(same: Sequence[LineProblem]) -> tuple[str | int | None, ...]:
    first = same[0]
    shown = [str(one.place.line) for one in same[:_EXAMPLES] if one.place.line]
    lines = ", ".join(shown) + (", ..." if len(same) > _EXAMPLES else "")
    return (
        first.place.file, first.place.sheet, lines, len(same), first.field, first.trouble,
        first.reason, first.value, first.recording_id,
    )  # fmt: skip
