"""What is to be erased, and what has been."""

from typing import TYPE_CHECKING

from msgspec import Struct

from petrec.documents.amounts import counted
from petrec.documents.document import Document, Grid, Result
from petrec.documents.frames import records_frame
from petrec.features.runs.result import MovedOn, left_alone
from petrec.phrases import Phrase, Phrased

if TYPE_CHECKING:
    from pandas import DataFrame


def _notes(files_elsewhere: int, *, keeps_events: bool) -> list[str]:
    """Return what is beyond the reach of this erasure."""
    notes = []
    if files_elsewhere:
        notes.append(
            f"{counted(files_elsewhere, 'file')} of earlier erasures in other buckets: "
            "name each bucket under [serve.store] and run this again"
        )
    if keeps_events:
        notes.append(
            "events that an older version wrote to the outbox stay: they do not name their table, "
            "and another one that petrec works on may have the same ids"
        )
    return notes


class ToErase(Struct, frozen=True):
    """One recording that is to be erased, and the key of its file."""

    recording_id: str
    created: str | None
    s3_key: str | None


class RetentionPlan(Result, frozen=True):
    """Recordings to erase: all by number, the first of them by name.

    `files` of them name a file. `journaled` are rows of petrec's own about them; `unfinished_files`
    are left from an erasure that was interrupted, `files_elsewhere` in other buckets.
    """

    recordings: int
    files: int
    journaled: int
    unfinished_files: int
    listed: tuple[ToErase, ...]
    obstacles: tuple[str, ...] = ()
    files_elsewhere: int = 0
    keeps_events: bool = False
    command: str = "retention"

    @property
    def is_empty(self) -> bool:
        """Return whether there is nothing to erase."""
        return not (self.recordings or self.unfinished_files)

    def frame(self) -> "DataFrame":
        """Return the recordings as a data frame."""
        return records_frame(ToErase, self.listed)

    def document(self) -> Document:
        """Return the form for rendering."""
        title = f"plan: erase {counted(self.recordings, 'recording')}"
        counts = (
            ("recordings", self.recordings),
            ("of these, with a file", self.files),
            ("rows of petrec's journal", self.journaled),
            ("files left from an interrupted erasure", self.unfinished_files),
        )
        rows = tuple((each.recording_id, each.created, each.s3_key) for each in self.listed)
        grids = (
            Grid("To erase", ("what", "number"), counts),
            Grid("Recordings", ("recording", "created", "file"), rows),
        )
        notes = [Phrased(Phrase.APPLY_WOULD_FAIL, obstacle=each) for each in self.obstacles]
        notes += [] if self.is_empty else [Phrased(Phrase.RETENTION_NOT_APPLIED)]
        beyond = _notes(self.files_elsewhere, keeps_events=self.keeps_events)
        return Document(self.command, title, self, grids, notes=(*notes, *beyond))


class RetentionResult(Result, frozen=True):
    """An erasure at its end; `left` recordings stay, and `files_left` files are not deleted yet."""

    recordings: int
    journaled: int
    files: int
    files_left: int
    left: tuple[MovedOn, ...] = ()
    files_elsewhere: int = 0
    keeps_events: bool = False
    command: str = "retention"

    @property
    def is_clean(self) -> bool:
        """Return whether all that was chosen is gone."""
        return not (self.left or self.files_left)

    def frame(self) -> "DataFrame":
        """Return the recordings that stay as a data frame."""
        return records_frame(MovedOn, self.left)

    def document(self) -> Document:
        """Return the form for rendering."""
        title = f"erased {counted(self.recordings, 'recording')}, {counted(self.files, 'file')}"
        gone = (
            ("recordings", self.recordings),
            ("files", self.files),
            ("rows of petrec's journal", self.journaled),
        )
        grids = [Grid("Erased", ("what", "number"), gone)]
        if self.left:
            grids.append(left_alone("Not erased", self.left))
        remain = f"{counted(self.files_left, 'file')} not deleted by the store: run this again"
        notes = [remain] if self.files_left else []
        notes += _notes(self.files_elsewhere, keeps_events=self.keeps_events)
        return Document(self.command, title, self, tuple(grids), notes=tuple(notes))
