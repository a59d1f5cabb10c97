"""What commands on runs answer: the list, the changes, an undo, a run that was left."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from petrec.documents.document import SCHEMA_VERSION, Document, Grid
from petrec.documents.frames import records_frame
from petrec.features.runs.run import Run, RunState, SkipCause

if TYPE_CHECKING:
    from pandas import DataFrame


class MovedOn(Struct, frozen=True):
    """A planned row that was not written as planned, and why."""

    recording_id: str
    reason: str
    cause: SkipCause = SkipCause.OVERTAKEN


class UndoResult(Struct, frozen=True):
    """An undo at its end."""

    run: Run
    moved_on: tuple[MovedOn, ...]
    command: str = "backfill undo"
    schema_version: int = SCHEMA_VERSION

    def frame(self) -> "DataFrame":
        """Return the rows that were left alone as a data frame."""
        return records_frame(MovedOn, self.moved_on)

    def document(self) -> Document:
        """Return the form for rendering."""
        refused = sum(row.cause is SkipCause.REFUSED for row in self.moved_on)
        rewritten = sum(row.cause is SkipCause.REWRITTEN for row in self.moved_on)
        moved = self.run.skipped - refused - rewritten
        restored = f"{self.run.changed - self.run.before} recordings restored{self.run.in_all}"
        counts = [restored, f"{moved} had moved on"]
        counts += [f"{refused} refused by the database"] if refused else []
        counts += [f"{rewritten} changed otherwise by a trigger"] if rewritten else []
        return Document(
            command=self.command,
            title=", ".join(counts),
            payload=self,
            grids=(left_alone("Left alone", self.moved_on),),
            notes=(
                f"run {self.run.undoes} taken back by run {self.run.id}",
                *([self.run.warning] if self.run.warning else []),
            ),
        )


class Abandoned(Struct, frozen=True):
    """A run that was left for good."""

    run: Run
    command: str = "backfill abandon"
    schema_version: int = SCHEMA_VERSION

    def document(self) -> Document:
        """Return the form for rendering."""
        run = self.run
        title = f"run {run.id} is abandoned: {run.changed} changed, {run.remaining} not done"
        undo = f"take back what it did with: petrec backfill undo {run.id}"
        notes = (undo,) if run.changed and not run.undoes else ()
        return Document(self.command, title, self, notes=notes)


class RunList(Struct, frozen=True):
    """The runs of a database, the newest first."""

    runs: tuple[Run, ...]
    command: str = "backfill status"
    schema_version: int = SCHEMA_VERSION

    def frame(self) -> "DataFrame":
        """Return the runs as a data frame."""
        return records_frame(Run, self.runs)

    def document(self) -> Document:
        """Return the form for rendering."""
        title = f"{len(self.runs)} runs" if self.runs else "no run yet"
        columns = ("run", "action", "state", "planned", "changed", "skipped", "left", "rows/s",
                   "eta s", "last batch", "by", "why")  # fmt: skip
        grid = Grid("Runs", columns, tuple(_status_row(run) for run in self.runs))
        return Document(self.command, title, self, (grid,))


def _status_row(run: Run) -> tuple[str | int | float | None, ...]:
    eta = run.eta_seconds
    working = run.state in {RunState.RUNNING, RunState.STOPPED}
    return (
        run.id,
        f"undo of {run.undoes}" if run.undoes else run.action,
        run.shown_state,
        run.planned,
        run.changed,
        run.skipped,
        run.remaining,
        round(run.rows_per_second),
        round(eta, 1) if eta is not None and working else None,
        f"{run.batch_size} rows, {run.batch_ms:.0f} ms",
        f"{run.role}, {run.host}:{run.pid}",
        run.throttled_by or run.failure,
    )


def left_alone(title: str, rows: Sequence[MovedOn]) -> Grid:
    """Return recordings with the reason why they were not written as planned."""
    cells = tuple((row.recording_id, row.reason) for row in rows)
    return Grid(title, ("recording", "reason"), cells)


class Change(Struct, frozen=True):
    """One change of one recording; values by column, as PostgreSQL's JSON."""

    recording_id: str
    run: int
    action: str
    strategy: str
    old: dict[str, Any]
    new: dict[str, Any]
    changed_at: datetime
    role: str


class Lineage(Struct, frozen=True):
    """Changes, the oldest first."""

    changes: tuple[Change, ...]
    command: str = "backfill show"
    schema_version: int = SCHEMA_VERSION

    def frame(self) -> "DataFrame":
        """Return the changes as a data frame."""
        return records_frame(Change, self.changes)

    def document(self) -> Document:
        """Return the form for rendering."""
        columns = ("recording", "run", "action", "strategy", "old pet", "new pet", "at", "by")
        rows = tuple(
            (
                change.recording_id,
                change.run,
                change.action,
                change.strategy,
                _text(change.old.get("pet_id")),
                _text(change.new.get("pet_id")),
                f"{change.changed_at:%Y-%m-%d %H:%M:%S}",
                change.role,
            )
            for change in self.changes
        )
        title = f"{len(rows)} changes"
        return Document(self.command, title, self, (Grid("Changes", columns, rows),))


def _text(value: object) -> str:
    return "-" if value is None else str(value)
