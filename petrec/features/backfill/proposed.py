"""What a plan made elsewhere would do, or has done."""

from typing import TYPE_CHECKING

from msgspec import Struct

from petrec.documents.document import Document, Grid, Result
from petrec.documents.frames import records_frame
from petrec.features.backfill.broken import ForeseenRefusals
from petrec.features.backfill.unfinished import unfinished_note
from petrec.features.runs.result import MovedOn, left_alone
from petrec.features.runs.run import Run
from petrec.phrases import Phrase, Phrased

if TYPE_CHECKING:
    from pandas import DataFrame

HOLDS, ALREADY = "holds", "it has this pet already"


class RefusedLine(Struct, frozen=True):
    """A line of the plan that petrec's rules do not confirm, and why."""

    line: int
    recording_id: str
    pet_id: str
    reason: str


class JudgedPlan(Struct, frozen=True):
    """How many lines of a plan have which outcome; `refused` lists the first that do not hold.

    `refusals` are recordings whose lines hold, but that checks of the table refuse.
    """

    file: str
    outcomes: dict[str, int]
    refused: tuple[RefusedLine, ...] = ()
    refusals: ForeseenRefusals = ForeseenRefusals()

    @property
    def planned(self) -> int:
        """Return how many lines hold."""
        return self.outcomes.get(HOLDS, 0)

    @property
    def others(self) -> int:
        """Return how many lines do not hold, of recordings that lack the pet."""
        return sum(self.outcomes.values()) - self.planned - self.outcomes.get(ALREADY, 0)


class ProposedBackfill(Result, frozen=True):
    """A plan made elsewhere, judged by petrec's rules; with `applied`, also written.

    `lapsed` counts the lines that held when they were judged, but not when the run was planned.
    """

    table: str
    judgement: JudgedPlan
    applied: bool = False
    run: Run | None = None
    not_written: tuple[MovedOn, ...] = ()
    obstacles: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    resumes: int | None = None
    abandons: int | None = None
    lapsed: int = 0
    command: str = "backfill plan"

    @property
    def planned(self) -> int:
        """Return how many recordings a run would try to change."""
        return self.judgement.planned

    @property
    def summary(self) -> str:
        """Return in words what would be written."""
        return self.judgement.refusals.summary(self.planned, self.table)

    @property
    def is_clean(self) -> bool:
        """Return whether every line held, and was written if the plan was applied."""
        skipped = self.run is not None and self.run.skipped
        return not (self.judgement.others or skipped or self.lapsed)

    def frame(self) -> "DataFrame":
        """Return the lines that do not hold as a data frame."""
        return records_frame(RefusedLine, self.judgement.refused)

    def document(self) -> Document:
        """Return the form for rendering."""
        refused = tuple(
            (line.line, line.recording_id, line.pet_id, line.reason)
            for line in self.judgement.refused
        )
        grids = [Grid("Lines of the plan", ("outcome", "lines"), tuple(self._outcomes()))]
        if refused:
            columns = ("line", "recording", "pet", "reason")
            grids.append(Grid("Not confirmed, and not written", columns, refused))
        if self.not_written:
            grids.append(left_alone("Skipped when written", self.not_written))
        return Document(self.command, self._title(), self, tuple(grids), notes=self._notes())

    def _outcomes(self) -> list[tuple[str, int]]:
        return [(HOLDS, self.planned), *(
            each for each in self.judgement.outcomes.items() if each[0] != HOLDS
        )]  # fmt: skip

    def _title(self) -> str:
        if not self.applied:
            return f"plan: {self.summary}"
        if self.run is None:
            return f"nothing to do: no line of the plan holds{' any more' if self.lapsed else ''}"
        return (
            f"run {self.run.id} {self.run.state}: {self.run.changed} recordings have their pet now"
        )

    def _notes(self) -> tuple[str, ...]:
        listed, run = len(self.judgement.refused), self.run
        remarks = (
            *(Phrased(Phrase.APPLY_WOULD_FAIL, obstacle=obstacle) for obstacle in self.obstacles),
            *self.warnings,
            f"the first {listed} of {self.judgement.others} lines are listed"
            if listed < self.judgement.others
            else "",
            f"{self.lapsed} lines no longer held when the run was planned; "
            "judge the file again to see which"
            if self.lapsed
            else "",
            "" if self.applied else unfinished_note(self.resumes, self.abandons),
            run.warning if run else "",
            run.speed if run else "",
            f"to undo: petrec runs undo {run.id}" if run and run.changed else "",
            "" if self.applied else Phrased(Phrase.NOT_APPLIED),
        )
        return tuple(remark for remark in remarks if remark)
