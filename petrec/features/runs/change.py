"""What petrec has changed in recordings, from the journal."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from petrec.documents.document import Cell, Document, Grid, Result
from petrec.documents.frames import records_frame
from petrec.features.runs.result import MovedOn, left_alone

if TYPE_CHECKING:
    from pandas import DataFrame


class Change(Struct, frozen=True):
    """One change of one recording; values by column, as PostgreSQL's JSON.

    `author` is the person who decided it, where one did; `role` is who wrote it.
    """

    recording_id: str
    run: int
    action: str
    strategy: str
    old: dict[str, Any]
    new: dict[str, Any]
    changed_at: datetime
    role: str
    author: str | None = None


class Lineage(Result, frozen=True):
    """Changes, oldest first; for a run also the rows not written as planned."""

    changes: tuple[Change, ...]
    skipped: tuple[MovedOn, ...] = ()
    command: str = "runs show"

    def frame(self) -> "DataFrame":
        """Return the changes as a data frame."""
        return records_frame(Change, self.changes)

    def document(self) -> Document:
        """Return the form for rendering."""
        columns: tuple[str, ...] = (
            "recording",
            "new pet",
            "old pet",
            "at",
            "run",
            "action",
            "strategy",
            "by",
        )
        rows: tuple[tuple[Cell, ...], ...] = tuple(
            (
                change.recording_id,
                _text(change.new.get("pet_id")),
                _text(change.old.get("pet_id")),
                f"{change.changed_at:%Y-%m-%d %H:%M:%S}",
                change.run,
                change.action,
                change.strategy,
                change.author or change.role,
            )
            for change in self.changes
        )
        also = [_other_columns(change) for change in self.changes]
        if any(also):
            columns = (*columns, "also")
            rows = tuple((*row, other) for row, other in zip(rows, also, strict=True))
        title = f"{len(rows)} changes"
        grids = [Grid("Changes", columns, rows)]
        if self.skipped:
            grids.append(left_alone("Not written as planned", self.skipped))
        return Document(self.command, title, self, tuple(grids))


def _other_columns(change: Change) -> str | None:
    """Return what changed besides the pet and the times, such as `status: pending -> failed`."""
    names = [
        name
        for name, value in change.new.items()
        if name != "pet_id" and not name.endswith("_at") and value != change.old.get(name)
    ]
    both = ((name, _text(change.old.get(name)), _text(change.new[name])) for name in names)
    return ", ".join(f"{name}: {old} -> {new}" for name, old, new in both) or None


def _text(value: object) -> str:
    return "-" if value is None else str(value)
