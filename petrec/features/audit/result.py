"""What an audit found."""

from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import Struct

from petrec.documents.document import Document, Finding, Grid, Result
from petrec.documents.frames import records_frame
from petrec.features.audit.origins.result import Origins
from petrec.rules import Repair, Severity

if TYPE_CHECKING:
    from pandas import DataFrame


class KindCount(Struct, frozen=True):
    """How many recordings are of one kind; percent of all recordings; first and last id."""

    id: str
    severity: Severity
    sentence: str
    repair: Repair
    count: int
    percent: float
    samples: tuple[str, ...] = ()

    @property
    def is_finding(self) -> bool:
        """Return whether a command repairs this kind."""
        return self.repair != Repair.NONE


class GuideNumbers(Struct, frozen=True):
    """The two validation queries of the integration guide, by name, for comparison."""

    total_recordings: int
    recordings_with_pet_id: int
    missing_pet_id: int
    invalid_associations: int


class WarningCount(Struct, frozen=True):
    """A warning: worth a look, but not a kind of its own."""

    id: str
    sentence: str
    count: int
    samples: tuple[str, ...] = ()


class AuditResult(Result, frozen=True):
    """One audit, from one snapshot; on several nodes there is none, see `one_snapshot`."""

    taken_at: datetime
    database: str
    server_version: str
    table: str
    total: int
    kinds: tuple[KindCount, ...]
    guide: GuideNumbers
    warnings: tuple[WarningCount, ...]
    remarks: tuple[str, ...] = ()
    one_snapshot: bool = True
    origins: Origins | None = None
    engine: str = "PostgreSQL"
    command: str = "audit"

    @property
    def findings(self) -> int:
        """Return how many recordings are not ok."""
        return sum(kind.count for kind in self.finding_kinds)

    @property
    def finding_kinds(self) -> tuple[KindCount, ...]:
        """Return the counts of the kinds that are findings."""
        return tuple(kind for kind in self.kinds if kind.is_finding)

    def count(self, kind_id: str) -> int:
        """Return the count of one kind; errors: StopIteration."""
        return next(kind.count for kind in self.kinds if kind.id == kind_id)

    def frame(self) -> "DataFrame":
        """Return the counts by kind as a data frame."""
        return records_frame(KindCount, self.kinds)

    def document(self) -> Document:
        """Return the form for rendering."""
        taken = f"{self.taken_at:%Y-%m-%d %H:%M:%S} UTC"
        return Document(
            command=self.command,
            title=f"{self.findings} of {self.total} recordings need attention",
            payload=self,
            grids=(*self.by_origin(), self._kinds(), self._guide(), self._warnings()),
            findings=(
                *map(_kind_finding, self.finding_kinds),
                *map(_warning_finding, self.warnings),
            ),
            notes=(
                *(self.origins.sentences if self.origins else ()),
                f"{self.table} in {self.database} ({self.engine} {self.server_version}), {taken}",
            ),
            remarks=self.remarks,
            one_snapshot=self.one_snapshot,
        )

    def by_origin(self) -> tuple[Grid, ...]:
        """Return the tables by value, if there are any."""
        return self.origins.grids() if self.origins else ()

    def _kinds(self) -> Grid:
        kinds = ((k.id, k.count, k.percent, k.repair, "".join(k.samples[:1])) for k in self.kinds)
        total = ("total", self.total, 100.0 if self.total else 0.0, "", "")
        columns = ("kind", "count", "percent", "repair", "for example")
        return Grid("Recordings by kind", columns, (*kinds, total))

    def _guide(self) -> Grid:
        names = GuideNumbers.__struct_fields__
        rows = tuple((name, getattr(self.guide, name)) for name in names)
        return Grid("Validation queries", ("number", "value"), rows)

    def _warnings(self) -> Grid:
        rows = tuple((w.id, w.count, w.sentence, "".join(w.samples[:1])) for w in self.warnings)
        return Grid("Warnings", ("warning", "count", "meaning", "for example"), rows)


def _kind_finding(kind: KindCount) -> Finding:
    help_text = f"repair: petrec {kind.repair}"
    return Finding(kind.id, kind.severity, kind.count, kind.sentence, help_text)


def _warning_finding(warning: WarningCount) -> Finding:
    return Finding(warning.id, "warning", warning.count, warning.sentence)
