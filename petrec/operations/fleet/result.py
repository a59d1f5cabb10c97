"""What a command found in each target of a fleet, as one document."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from petrec.documents.amounts import counted
from petrec.documents.document import UNDETERMINED, Document, Finding, Grid, Result
from petrec.documents.frames import records_frame
from petrec.errors import ExitCode

if TYPE_CHECKING:
    from pandas import DataFrame

# The worst first: what could not be determined is worse than a finding.
_RANKS = (
    ExitCode.INTERRUPTED,
    ExitCode.UNDETERMINED,
    ExitCode.USAGE,
    ExitCode.FINDINGS,
    ExitCode.NOTHING_CHECKED,
    ExitCode.CLEAN,
)


class TargetState(StrEnum):
    """How far a fleet is with a target."""

    CLEAN = "clean"
    FINDINGS = "findings"
    NO_ROWS = "no rows"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    NOT_STARTED = "not started"


_STATES = {
    ExitCode.CLEAN: TargetState.CLEAN,
    ExitCode.FINDINGS: TargetState.FINDINGS,
    ExitCode.NOTHING_CHECKED: TargetState.NO_ROWS,
    ExitCode.INTERRUPTED: TargetState.INTERRUPTED,
}


# After the number of targets, where the state's own name does not follow it.
_COUNTED = {TargetState.FINDINGS: "with findings", TargetState.NO_ROWS: "without rows"}


class TargetOutcome(Struct, frozen=True):
    """How the command ended in one target: its exit code, its error if any, and its results."""

    target: str
    exit_code: int
    state: TargetState
    reason: str = ""
    hint: str = ""
    seconds: float = 0.0
    documents: tuple[Document, ...] = ()

    @property
    def finished(self) -> bool:
        """Return whether the command came to its end, with or without findings."""
        return self.state in {TargetState.CLEAN, TargetState.FINDINGS, TargetState.NO_ROWS}

    @property
    def rank(self) -> int:
        """Return the place among all outcomes, 0 for the worst."""
        known = self.exit_code in _RANKS
        return _RANKS.index(ExitCode(self.exit_code)) if known else 1

    @property
    def sentence(self) -> str:
        """Return the error, or the title of the result."""
        return self.reason or "; ".join(document.title for document in self.documents)


def state_of(exit_code: int) -> TargetState:
    """Return the state of a target whose command has ended."""
    return _STATES[ExitCode(exit_code)] if exit_code in set(_STATES) else TargetState.FAILED


class FleetResult(Result, frozen=True):
    """The outcomes of all targets, the worst first; the exit code is that of the worst."""

    of: str
    targets: tuple[TargetOutcome, ...]
    command: str = "fleet"

    @property
    def exit_code(self) -> int:
        """Return the exit code of the worst outcome."""
        return min(self.targets, key=lambda outcome: outcome.rank).exit_code

    def count(self, state: TargetState) -> int:
        """Return how many targets are in a state."""
        return sum(outcome.state is state for outcome in self.targets)

    def frame(self) -> "DataFrame":
        """Return the outcome of each target as a data frame, with the number of its results."""
        frame = records_frame(TargetOutcome, self.targets)
        frame["documents"] = [len(outcome.documents) for outcome in self.targets]
        return frame

    def document(self) -> Document:
        """Return the form for rendering: all targets, what was found in all, and each part."""
        return Document(
            command=f"fleet {self.of}",
            title=self._title(),
            payload=self._payload(),
            grids=(self._targets(), self._totals()),
            findings=tuple(_named(self.targets)),
            remarks=tuple(_remarks(self.targets)),
            parts=tuple(_part(self.of, outcome) for outcome in self.targets),
        )

    def _title(self) -> str:
        counts = ((state, self.count(state)) for state in reversed(TargetState))
        states = ", ".join(
            f"{count} {_COUNTED.get(state, state)}" for state, count in counts if count
        )
        return f"{self.of} of {counted(len(self.targets), 'target')}: {states}"

    def _payload(self) -> dict[str, Any]:
        return {
            "schema_version": self.schema_version,
            "command": self.command,
            "of": self.of,
            "exit_code": self.exit_code,
            "states": {state.value: self.count(state) for state in TargetState},
            "totals": [
                {"rule": rule, "severity": severity, "count": count, "targets": targets}
                for rule, severity, count, targets in self.sums()
            ],
            "targets": [_as_payload(outcome) for outcome in self.targets],
        }

    def _targets(self) -> Grid:
        hints = any(each.hint for each in self.targets)
        rows = (
            (each.target, each.state.value, int(each.exit_code), each.sentence, each.hint)
            for each in self.targets
        )
        columns = ("target", "outcome", "exit code", "result", "next")[: 5 if hints else 4]
        return Grid("Targets", columns, tuple(row[: len(columns)] for row in rows))

    def _totals(self) -> Grid:
        return Grid("All targets", ("rule", "severity", "count", "targets"), tuple(self.sums()))

    def sums(self) -> Iterator[tuple[str, str, int, int]]:
        """Yield rule, severity, how many there are in all, and in how many targets."""
        counts: Counter[tuple[str, str]] = Counter()
        places: Counter[tuple[str, str]] = Counter()
        for finding in _findings(self.targets):
            key = (finding.rule, finding.severity)
            counts[key] += finding.count
            places[key] += finding.count > 0
        for key in counts:
            if counts[key]:
                yield (*key, counts[key], places[key])


def _findings(outcomes: Iterable[TargetOutcome]) -> Iterator[Finding]:
    for outcome in outcomes:
        for document in outcome.documents:
            yield from document.findings


def _named(outcomes: Iterable[TargetOutcome]) -> Iterator[Finding]:
    """Yield what is broken, with its target before the sentence."""
    for outcome in outcomes:
        for finding in _part("", outcome).findings:
            if finding.count:
                message = f"{outcome.target}: {finding.sentence}"
                yield replace(finding, message=message, unit="")


def _part(of: str, outcome: TargetOutcome) -> Document:
    """Return the document of one target; an error is its only finding."""
    findings = tuple(_findings([outcome]))
    if outcome.reason and not outcome.finished:
        rule = outcome.state.value.replace(" ", "_")
        findings += (Finding(rule, UNDETERMINED, 1, outcome.reason, outcome.hint, unit=""),)
    remarks = dict.fromkeys(text for each in outcome.documents for text in each.remarks)
    notes = tuple(text for each in outcome.documents for text in each.notes)
    command = f"{of} {outcome.target}"
    title = outcome.sentence
    return Document(command, title, {}, findings=findings, remarks=tuple(remarks), notes=notes)


def _remarks(outcomes: Iterable[TargetOutcome]) -> Iterator[str]:
    """Yield each remark once, with the targets that it is about unless it is about all."""
    about: dict[str, list[str]] = {}
    results = [outcome for outcome in outcomes if outcome.documents]
    for outcome in results:
        for text in _part("", outcome).remarks:
            about.setdefault(text, []).append(outcome.target)
    for text, names in about.items():
        yield text if len(names) == len(results) else f"{', '.join(names)}: {text}"


def _as_payload(outcome: TargetOutcome) -> dict[str, Any]:
    fields = msgspec.structs.asdict(outcome)
    documents = fields.pop("documents")
    results = [{**each.payload, "remarks": list(each.remarks)} for each in documents]
    return {**fields, "results": results}
