"""What a sweep of uploads has found, and what it has settled."""

from typing import TYPE_CHECKING

from msgspec import Struct

from petrec.documents.amounts import counted
from petrec.documents.document import Document, Grid, Result
from petrec.documents.frames import records_frame
from petrec.features.runs.result import MovedOn, left_alone
from petrec.features.runs.run import Run
from petrec.features.uploads.judge import LEFT, UploadFinding
from petrec.phrases import Phrase, Phrased

if TYPE_CHECKING:
    from pandas import DataFrame

_KINDS = ("finding", "recordings", "because", "settled by")


class FoundUpload(Struct, frozen=True):
    """One recording whose upload needs something; `since` is when it was last written."""

    recording_id: str
    finding: UploadFinding
    since: str
    s3_key: str | None


class SweepPlan(Result, frozen=True):
    """Uploads to settle among those `checked`: all by number, the first of them by name."""

    checked: int
    counts: dict[UploadFinding, int]
    uploads: tuple[FoundUpload, ...]
    obstacles: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    command: str = "uploads sweep"

    @property
    def total(self) -> int:
        """Return how many uploads need something."""
        return sum(self.counts.values())

    @property
    def settled(self) -> int:
        """Return how many of them a sweep settles."""
        return self.total - sum(self.counts.get(kind, 0) for kind in LEFT)

    def frame(self) -> "DataFrame":
        """Return the uploads as a data frame."""
        return records_frame(FoundUpload, self.uploads)

    def document(self) -> Document:
        """Return the form for rendering."""
        title = f"plan: settle {self.settled} of {counted(self.total, 'upload')}"
        notes = [Phrased(Phrase.APPLY_WOULD_FAIL, obstacle=each) for each in self.obstacles]
        notes += [*map(str, self.warnings)]  # type: ignore[list-item]
        notes += [Phrased(Phrase.SWEEP_NOT_APPLIED)] if self.settled else []
        return Document(self.command, title, self, self._grids(), notes=tuple(notes))

    def _grids(self) -> tuple[Grid, ...]:
        kinds = tuple(
            (kind, count, kind.sentence, kind.settlement) for kind, count in self.counts.items()
        )
        rows = tuple((u.recording_id, u.finding, u.since, u.s3_key) for u in self.uploads)
        columns = ("recording", "finding", "last written", "file")
        return (Grid("Uploads", _KINDS, kinds), Grid("Recordings", columns, rows))


class SweepResult(Result, frozen=True):
    """A sweep at its end; `run` is None where no recording was to be written.

    `announced` uploads were announced; `left` need a person; `skipped` were not written as planned.
    `deleted` are files of cancelled uploads.
    """

    run: Run | None
    counts: dict[UploadFinding, int]
    announced: int
    left: int
    skipped: tuple[MovedOn, ...] = ()
    deleted: int = 0
    command: str = "uploads sweep"

    @property
    def is_clean(self) -> bool:
        """Return whether all that was found is settled."""
        return not self.left and not self.skipped

    def frame(self) -> "DataFrame":
        """Return the rows that were not written as planned as a data frame."""
        return records_frame(MovedOn, self.skipped)

    def document(self) -> Document:
        """Return the form for rendering."""
        run = self.run
        name = f"run {run.id} {run.state}" if run else "no run"
        changed = run.changed - run.before if run else 0
        title = f"{name}: {counted(changed, 'recording')} settled, {self.announced} announced"
        title += f", {counted(self.deleted, 'file')} deleted" if self.deleted else ""
        kinds = tuple((kind, count, kind.settlement) for kind, count in self.counts.items())
        grids = [Grid("Uploads", ("finding", "recordings", "settled by"), kinds)]
        if self.skipped:
            grids.append(left_alone("Not written as planned", self.skipped))
        notes = [f"{counted(self.left, 'upload')} left for a person"] if self.left else []
        notes += [note for note in (run.warning, run.speed) if note] if run else []
        notes += [f"to undo: petrec runs undo {run.id}"] if run and run.changed else []
        return Document(self.command, title, self, tuple(grids), notes=tuple(notes))
