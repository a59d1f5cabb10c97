"""The result of a report: the current audit, the monitoring queries, and the history."""

from datetime import date, datetime
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from petrec.documents.document import Document, Grid, Result
from petrec.documents.frames import records_frame
from petrec.features.audit.result import AuditResult

if TYPE_CHECKING:
    from pandas import DataFrame

# A table for a terminal shows the end of a trend; JSON and the page have all of it.
_MOST_POINTS = 14


class Movement(Struct, frozen=True):
    """How one kind has changed since the previous run; reappeared means fixed and found again."""

    new: int = 0
    fixed: int = 0
    reappeared: int = 0

    def __add__(self, other: "Movement") -> "Movement":
        return Movement(
            self.new + other.new, self.fixed + other.fixed, self.reappeared + other.reappeared
        )


class PastRun(Struct, frozen=True, omit_defaults=True):
    """One run in the history; the first has no earlier run to compare with."""

    taken_at: datetime
    total: int
    missing_pet_id: int
    counts: dict[str, int]
    moved: dict[str, Movement] = {}
    first: bool = False

    @property
    def findings(self) -> int:
        """Return how many recordings were not ok."""
        return sum(self.counts.values())

    def movement(self) -> Movement:
        """Return the movement of all kinds together."""
        return sum(self.moved.values(), Movement())


class UploadDay(Struct, frozen=True):
    """One day, UTC, of the upload success query."""

    day: date
    total: int
    uploaded: int

    @property
    def percent(self) -> float:
        """Return the percentage that succeeded."""
        return round(100 * self.uploaded / self.total, 1) if self.total else 0.0


class RejectedDay(Struct, frozen=True):
    """Uploads of one day that were refused as `pet_not_in_appointment`."""

    day: date
    count: int


class TrendPoint(Struct, frozen=True):
    """One day, or one week: the findings at its end, and the movement within it."""

    day: date
    findings: int
    counts: dict[str, int]
    new: int
    fixed: int
    reappeared: int


Direction = Literal["better", "worse", "steady", "clean", "unknown"]


class TrendVerdict(Struct, frozen=True):
    """The direction of the findings; `since` is the turning point."""

    direction: Direction
    sentence: str
    since: date | None = None
    before: int = 0


class BackfillMark(Struct, frozen=True):
    """A run of the journal that changed recordings."""

    run: int
    day: date
    action: str
    changed: int


class FindingExample(Struct, frozen=True):
    """A recording of a kind, with the names by which a person knows it, and a link to it."""

    kind: str
    recording_id: str
    created: str = ""
    file: str = ""
    pet: str = ""
    appointment: str = ""
    link: str = ""


class ReportResult(Result, frozen=True):
    """One report, from one snapshot and the history before it.

    `files` is the place of the files that were read; empty for a database. `master` is the address
    of the cluster that read them; empty for this machine.
    """

    audit: AuditResult
    window_days: int
    verdict: TrendVerdict
    trend: tuple[TrendPoint, ...]
    weekly: bool = False
    uploads: tuple[UploadDay, ...] | None = None
    rejected: tuple[RejectedDay, ...] | None = None
    moved: dict[str, Movement] | None = None
    compared_with: datetime | None = None
    runs: int = 1
    backfills: tuple[BackfillMark, ...] = ()
    examples: tuple[FindingExample, ...] = ()
    history: str = ""
    files: str = ""
    master: str = ""
    remarks: tuple[str, ...] = ()
    command: str = "report"

    def movement(self, kind_id: str) -> Movement | None:
        """Return how a kind moved since the last run; None where there is none to compare with."""
        return None if self.moved is None else self.moved.get(kind_id, Movement())

    def frame(self) -> "DataFrame":
        """Return the trend as a data frame: a row a day, a column a kind."""
        return records_frame(TrendPoint, self.trend)

    def document(self) -> Document:
        """Return the form for rendering."""
        inner = self.audit.document()
        return Document(
            command=self.command,
            title=f"{inner.title}. {self.verdict.sentence}",
            payload=self,
            grids=(
                self._kinds(),
                *self.audit.by_origin(),
                *inner.grids[-2:],
                *self._monitoring(),
                self._trend(),
            ),
            findings=inner.findings,
            notes=(*inner.notes, self._compared()),
            remarks=(*inner.remarks, *self.remarks),
        )

    def _compared(self) -> str:
        if self.compared_with is None:
            return (
                "this is the first report of this history, so there is nothing to compare with yet"
            )
        return f"new, fixed and reappeared since {self.compared_with:%Y-%m-%d %H:%M} UTC"

    def _kinds(self) -> Grid:
        columns = ("kind", "count", "percent", "new", "fixed", "reappeared", "repair")
        rows = []
        for kind in self.audit.kinds:
            moved = self.movement(kind.id) if kind.is_finding else None
            moves = (None,) * 3 if moved is None else (moved.new, moved.fixed, moved.reappeared)
            rows.append((kind.id, kind.count, kind.percent, *moves, kind.repair))
        return Grid("Recordings by kind", columns, tuple(rows))

    def _monitoring(self) -> tuple[Grid, ...]:
        uploads = tuple((str(d.day), d.total, d.uploaded, d.percent) for d in self.uploads or ())
        rejected = tuple((str(d.day), d.count) for d in self.rejected or ())
        return (
            Grid("Uploads per day", ("day", "uploads", "successful", "percent"), uploads),
            Grid("Refused as pet_not_in_appointment", ("day", "requests"), rejected),
        )

    def _trend(self) -> Grid:
        columns = ("week of" if self.weekly else "day", "findings", "new", "fixed", "reappeared")
        shown = self.trend[-_MOST_POINTS:]
        rows = tuple((str(p.day), p.findings, p.new, p.fixed, p.reappeared) for p in shown)
        part = f", the last {len(shown)} of {len(self.trend)}" * (len(shown) < len(self.trend))
        return Grid(f"Findings over time{part}", columns, rows)
