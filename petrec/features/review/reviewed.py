"""How far a review is: what is open, and who has decided what."""

from datetime import datetime

from msgspec import Struct

from petrec.documents.document import SCHEMA_VERSION, Document, Grid


class OpenKind(Struct, frozen=True):
    """Recordings of one kind: all of them, and those that people could not or would not decide."""

    kind: str
    cases: int
    cannot_tell: int = 0
    leave: int = 0

    @property
    def undecided(self) -> int:
        """Return how many nobody has decided anything about."""
        return self.cases - self.cannot_tell - self.leave


class ReviewerCount(Struct, frozen=True):
    """What one reviewer has decided; `written` of it has changed a recording, and still holds."""

    reviewer: str
    assign: int
    link: int
    cannot_tell: int
    leave: int
    written: int
    undone: int
    last: datetime


class ReviewStatus(Struct, frozen=True):
    """Open cases by kind, decisions by reviewer."""

    kinds: tuple[OpenKind, ...]
    reviewers: tuple[ReviewerCount, ...]
    command: str = "review status"
    schema_version: int = SCHEMA_VERSION

    @property
    def open(self) -> int:
        """Return how many recordings still need a decision."""
        return sum(kind.undecided for kind in self.kinds)

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
