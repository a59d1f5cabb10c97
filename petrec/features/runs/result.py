"""Results of commands on runs: the list, an undo, a resumed or abandoned run."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from petrec.documents.amounts import counted, duration
from petrec.documents.document import Document, Grid, Result
from petrec.documents.frames import records_frame
from petrec.features.runs.run import Action, Run, SkipCause

if TYPE_CHECKING:
    from pandas import DataFrame


class MovedOn(Struct, frozen=True):
    """A planned row that was not written as planned, and why."""

    recording_id: str
    reason: str
    cause: SkipCause = SkipCause.OVERTAKEN


class UndoResult(Result, frozen=True):
    """A finished undo."""

    run: Run
    moved_on: tuple[MovedOn, ...]
    command: str = "runs undo"

    def frame(self) -> "DataFrame":
        """Return the skipped rows as a data frame."""
        return records_frame(MovedOn, self.moved_on)

    def document(self) -> Document:
        """Return the form for rendering."""
        refused = sum(row.cause is SkipCause.REFUSED for row in self.moved_on)
        rewritten = sum(row.cause is SkipCause.REWRITTEN for row in self.moved_on)
        moved = self.run.skipped - refused - rewritten
        now = counted(self.run.changed - self.run.before, "recording")
        restored = f"{now} restored{self.run.in_all}"
        counts = [restored, f"{moved} skipped (changed since)"]
        counts += [f"{refused} refused by the database"] if refused else []
        counts += [f"{rewritten} changed differently by a trigger"] if rewritten else []
        return Document(
            command=self.command,
            title=", ".join(counts),
            payload=self,
            grids=(left_alone("Skipped", self.moved_on),),
            notes=(
                f"run {self.run.undoes} was undone by run {self.run.id}",
                self.run.speed,
                *([self.run.warning] if self.run.warning else []),
            ),
        )


class UndoPlan(Result, frozen=True):
    """The plan of an undo: recordings to restore, and to skip because they have changed.

    `moved_on` lists the skipped ones: only the first, if there are many.
    """

    run: Run
    restored: int
    left: int
    moved_on: tuple[MovedOn, ...]
    obstacles: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    command: str = "runs undo"

    def frame(self) -> "DataFrame":
        """Return the rows that would be skipped as a data frame."""
        return records_frame(MovedOn, self.moved_on)

    def document(self) -> Document:
        """Return the form for rendering."""
        run = self.run
        restored = counted(self.restored, "recording")
        title = f"plan: undo run {run.id}: restore {restored}, skip {self.left}"
        notes = [f"the undo would fail: {obstacle}" for obstacle in self.obstacles]
        notes += self.warnings
        if self.left > len(self.moved_on):
            notes.append(f"only the first {len(self.moved_on)} skipped recordings are listed")
        notes.append(f"nothing has been written; to write: petrec runs undo {run.id}")
        grids = (left_alone("Skipped: changed since", self.moved_on),)
        return Document(self.command, title, self, grids, notes=tuple(notes))


class Resumed(Result, frozen=True):
    """A resumed run at its end; `skipped` rows were not written as planned."""

    run: Run
    skipped: tuple[MovedOn, ...]
    command: str = "runs resume"

    @property
    def is_clean(self) -> bool:
        """Return whether no row was refused or rewritten, and no decided row was skipped."""
        if self.run.action is Action.BACKFILL:
            return all(row.cause is SkipCause.OVERTAKEN for row in self.skipped)
        return not self.skipped

    def frame(self) -> "DataFrame":
        """Return the rows that were not written as planned as a data frame."""
        return records_frame(MovedOn, self.skipped)

    def document(self) -> Document:
        """Return the form for rendering."""
        run = self.run
        now = run.changed - run.before
        title = f"run {run.id} {run.state}: {counted(now, 'recording')} changed{run.in_all}"
        notes = [note for note in (run.speed, run.warning) if note]
        if run.changed and not run.undoes:
            notes.append(f"to undo: petrec runs undo {run.id}")
        grids = (left_alone("Not written as planned", self.skipped),)
        return Document(self.command, title, self, grids, notes=tuple(notes))


class Abandoned(Result, frozen=True):
    """An abandoned run."""

    run: Run
    command: str = "runs abandon"

    def frame(self) -> "DataFrame":
        """Return the run as a data frame of one row."""
        return records_frame(Run, [self.run])

    def document(self) -> Document:
        """Return the form for rendering."""
        run = self.run
        changed = counted(run.changed, "recording")
        title = f"run {run.id} is abandoned: {changed} changed, {run.remaining} not done"
        undo = f"to undo what it wrote: petrec runs undo {run.id}"
        notes = (undo,) if run.changed and not run.undoes else ()
        return Document(self.command, title, self, notes=notes)


class RunList(Result, frozen=True):
    """The runs of a database, the newest first."""

    runs: tuple[Run, ...]
    command: str = "runs list"

    def frame(self) -> "DataFrame":
        """Return the runs as a data frame."""
        return records_frame(Run, self.runs)

    def document(self) -> Document:
        """Return the form for rendering."""
        on = f" on {self.runs[0].target.table}" if self.runs else ""
        count = "1 run" if len(self.runs) == 1 else f"{len(self.runs)} runs"
        title = f"{count}{on}" if self.runs else "there are no runs yet"
        columns = _LIST
        rows = tuple(map(_list_row, self.runs))
        if any(run.target.only for run in self.runs):
            columns = (*columns, "only")
            only = (" and ".join(run.target.only) or None for run in self.runs)
            rows = tuple((*row, part) for row, part in zip(rows, only, strict=True))
        grid = Grid("Runs", columns, rows)
        return Document(self.command, title, self, (grid,))


_LIST: tuple[str, ...] = (
    "run", "action", "state", "started", "planned", "changed", "skipped", "left", "rows/s", "time",
    "last batch", "undone by", "why", "by",
)  # fmt: skip


def _list_row(run: Run) -> tuple[str | int | float | None, ...]:
    return (
        run.id,
        f"undo of {run.undoes}" if run.undoes else run.action,
        run.shown_state,
        f"{run.started_at:%Y-%m-%d %H:%M:%S}",
        run.planned,
        run.changed,
        run.skipped,
        run.remaining,
        round(run.rows_per_second, None if run.rows_per_second >= 10 else 1),
        _time(run),
        f"{counted(run.batch_size, 'row')}, {run.batch_ms:.0f} ms",
        ", ".join(map(str, run.undone_by)) or None,
        run.throttled_by or run.failure,
        f"{run.role}, {run.host}:{run.pid}",
    )


def _time(run: Run) -> str | None:
    """Return the time that is left at the rate so far, or that the run has taken."""
    if not run.is_unfinished:
        return duration(run.busy_ms / 1000)
    return None if run.eta_seconds is None else f"{duration(run.eta_seconds)} left"


def left_alone(title: str, rows: Sequence[MovedOn]) -> Grid:
    """Return recordings with the reason why they were not written as planned."""
    cells = tuple((row.recording_id, row.reason) for row in rows)
    return Grid(title, ("recording", "reason"), cells)
