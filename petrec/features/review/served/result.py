"""What people have decided while a review was served."""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from petrec.documents.amounts import counted
from petrec.documents.document import Document, Grid, Result
from petrec.documents.frames import records_frame
from petrec.features.review.case import Verdict
from petrec.features.review.served.desk import Desk
from petrec.features.runs.run import Action

if TYPE_CHECKING:
    from pandas import DataFrame


class ServedReviewer(Struct, frozen=True):
    """The decisions of one person while the review was served, those undone included."""

    reviewer: str
    assign: int = 0
    link: int = 0
    cannot_tell: int = 0
    leave: int = 0


class ReviewServed(Result, frozen=True):
    """A served review at its end: who decided how much, and the runs, those of undos apart."""

    reviewers: tuple[ServedReviewer, ...]
    runs: tuple[int, ...]
    undos: tuple[int, ...]
    command: str = "review serve"

    def frame(self) -> "DataFrame":
        """Return the decisions by person as a data frame."""
        return records_frame(ServedReviewer, self.reviewers)

    def document(self) -> Document:
        """Return the form for rendering."""
        rows = tuple((r.reviewer, r.assign, r.link, r.cannot_tell, r.leave) for r in self.reviewers)
        columns = ("reviewer", "assign", "link", "cannot tell", "leave")
        grids = (Grid("Decisions", columns, rows),) if rows else ()
        return Document(self.command, self._title(), self, grids, notes=self._notes())

    def _title(self) -> str:
        made = f"{counted(len(self.runs), 'decision')} made"
        return f"{made}, {len(self.undos)} undone" if self.undos else made

    def _notes(self) -> tuple[str, ...]:
        if not self.runs:
            return ()
        first, last = self.runs[0], self.runs[-1]
        shown = f"run {first}" if first == last else f"runs {first} to {last}"
        return (f"recorded in {shown}; to undo one: petrec runs undo {last}",)


def served_result(desk: Desk) -> ReviewServed:
    """Return what was decided at a desk."""
    names = dict.fromkeys(name for name, _ in desk.made)
    undos = tuple(run.id for run in desk.runs if run.action is Action.UNDO)
    runs = tuple(run.id for run in desk.runs if run.action is not Action.UNDO)
    return ReviewServed(tuple(_counted(name, desk.made) for name in names), runs, undos)


def _counted(name: str, made: Sequence[tuple[str, Verdict]]) -> ServedReviewer:
    counts = Counter(str(verdict) for who, verdict in made if who == name)
    return ServedReviewer(name, **counts)
