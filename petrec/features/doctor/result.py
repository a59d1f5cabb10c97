"""What the doctor found."""

from collections.abc import Iterable
from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct

from petrec.documents.amounts import counted
from petrec.documents.document import Document, Finding, Grid, Result
from petrec.documents.frames import records_frame

if TYPE_CHECKING:
    from pandas import DataFrame


class State(StrEnum):
    """The result of one check; a problem stops a requested task."""

    OK = "ok"
    NOTE = "note"
    WARNING = "warning"
    PROBLEM = "problem"


_SEVERITIES = {State.PROBLEM: "error", State.WARNING: "warning"}


class Check(Struct, frozen=True):
    """One check; `fix` is what to do, empty if nothing."""

    name: str
    state: State
    finding: str
    fix: str = ""


class DoctorResult(Result, frozen=True):
    """All checks, in the order in which they ran."""

    checks: tuple[Check, ...]
    command: str = "doctor"

    @property
    def problems(self) -> int:
        """Return how many checks are problems."""
        return sum(check.state is State.PROBLEM for check in self.checks)

    @property
    def warnings(self) -> int:
        """Return how many checks are warnings."""
        return sum(check.state is State.WARNING for check in self.checks)

    def frame(self) -> "DataFrame":
        """Return the checks as a data frame."""
        return records_frame(Check, self.checks)

    def document(self) -> Document:
        """Return the form for rendering."""
        rows = tuple((check.state.value, check.name, check.finding) for check in self.checks)
        fixes = tuple((check.name, check.fix) for check in self.checks if check.fix)
        grids = [Grid("Checks", ("state", "check", "finding"), rows)]
        grids += [Grid("What to do", ("check", "fix"), fixes)] if fixes else []
        title = f"{counted(self.problems, 'problem')}, {counted(self.warnings, 'warning')}"
        return Document(self.command, title, self, tuple(grids), tuple(self._findings()))

    def _findings(self) -> Iterable[Finding]:
        for check in self.checks:
            if severity := _SEVERITIES.get(check.state):
                yield Finding(check.name, severity, 1, check.finding, check.fix, unit="")
