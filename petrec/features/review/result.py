"""What a review export has written, and the progress of a review."""

from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import Struct

from petrec.documents.document import Document, Grid, Result
from petrec.documents.frames import counts_frame, records_frame
from petrec.phrases import Phrase, Phrased

if TYPE_CHECKING:
    from pandas import DataFrame


class ReviewExport(Result, frozen=True):
    """The files written from one snapshot, and how many cases of each kind they hold.

    `audio_until` is when their links to the sound expire; earlier if they are signed by
    temporary keys.
    """

    files: tuple[str, ...]
    kinds: dict[str, int]
    inferable: int = 0
    kept: tuple[str, ...] = ()
    audio_until: datetime | None = None
    audio_temporary: bool = False
    command: str = "review export"

    @property
    def cases(self) -> int:
        """Return how many recordings need a person."""
        return sum(self.kinds.values())

    def frame(self) -> "DataFrame":
        """Return the cases by kind as a data frame."""
        return counts_frame("kind", self.kinds)

    def document(self) -> Document:
        """Return the form for rendering."""
        notes = [f"written: {', '.join(self.files)}"]
        if self.kept:
            notes.append(f"the previous files are kept as: {', '.join(self.kept)}")
        if self.audio_until:
            notes.append(_played(self.audio_until, temporary=self.audio_temporary))
        if self.inferable:
            notes.append(Phrased(Phrase.INFERABLE_BEFORE_DECISIONS, count=self.inferable))
        grid = Grid("Cases by kind", ("kind", "cases"), tuple(self.kinds.items()))
        title = f"{self.cases} recordings need a person"
        return Document(self.command, title, self, (grid,), notes=tuple(notes))


def _played(until: datetime, *, temporary: bool) -> str:
    sooner = ", or until the temporary keys that signed the links end" if temporary else ""
    return (
        f"anyone who has the files can play the recordings until "
        f"{until:%Y-%m-%d %H:%M} UTC{sooner}: send them only to those who may hear them"
    )


class OpenKind(Struct, frozen=True):
    """Recordings of one kind: all, and those decided as "cannot tell" or "leave"."""

    kind: str
    cases: int
    cannot_tell: int = 0
    leave: int = 0

    @property
    def undecided(self) -> int:
        """Return how many have no decision."""
        return self.cases - self.cannot_tell - self.leave


class ReviewerCount(Struct, frozen=True):
    """The decisions of one reviewer; `written` have changed a recording and were not undone."""

    reviewer: str
    assign: int
    link: int
    cannot_tell: int
    leave: int
    written: int
    undone: int
    last: datetime


class ReviewStatus(Result, frozen=True):
    """Open cases by kind, decisions by reviewer."""

    kinds: tuple[OpenKind, ...]
    reviewers: tuple[ReviewerCount, ...]
    command: str = "review status"

    @property
    def open(self) -> int:
        """Return how many recordings still need a decision."""
        return sum(kind.undecided for kind in self.kinds)

    def frame(self) -> "DataFrame":
        """Return the cases by kind as a data frame."""
        return records_frame(OpenKind, self.kinds)

    def document(self) -> Document:
        """Return the form for rendering."""
        kinds = tuple((k.kind, k.undecided, k.cannot_tell, k.leave, k.cases) for k in self.kinds)
        people = tuple(
            (r.reviewer, r.assign, r.link, r.cannot_tell, r.leave, r.written, r.undone,
             f"{r.last:%Y-%m-%d %H:%M}")
            for r in self.reviewers
        )  # fmt: skip
        open_columns = ("kind", "open", "cannot tell", "leave", "all")
        counts = ("assign", "link", "cannot tell", "leave", "written", "undone")
        columns = ("reviewer", *counts, "last")
        grids = (Grid("Cases", open_columns, kinds), Grid("Decisions", columns, people))
        return Document(self.command, f"{self.open} cases are open", self, grids)
