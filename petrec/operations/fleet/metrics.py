"""The metrics of all targets in one file, each sample with its target."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path

import msgspec

from petrec.errors import UsageError
from petrec.features.report import METRICS_MODE
from petrec.features.report.prometheus import (
    HELP,
    Labels,
    families,
    first_failure,
    header,
    marked_failed,
    sample_lines,
)
from petrec.features.report.result import ReportResult
from petrec.files import atomic_text, try_directory
from petrec.operations.fleet.result import FleetResult, TargetOutcome
from petrec.operations.fleet.targets import FleetTarget

Lines = dict[str, list[str]]
_TARGET = re.compile(r'\{target="((?:[^"\\]|\\.)*)"')
_ESCAPED = re.compile(r"\\(.)")


@dataclass(frozen=True)
class FleetMetrics:
    """The file of the metrics of all targets, written whole."""

    path: Path
    targets: Sequence[FleetTarget]

    def check(self, command: str) -> None:
        """Check, before any work, that there will be metrics; errors: UsageError, OutputError."""
        if command != "report":
            raise UsageError(f"{command} has no metrics", hint="write them by the command report")
        try_directory(self.path.absolute().parent)

    def write(self, result: FleetResult) -> None:
        """Write the metrics; of a target that failed, those of its last success stay.

        So do those of all targets that could not be found. Errors: OutputError.
        """
        before, now = self._before(), datetime.now(UTC)
        parts = {
            name: _after_failure(labels, before, now)
            for name, labels in self._not_found(result, before).items()
        }
        for outcome in result.targets:
            labels = self._labels(outcome.target)
            parts[outcome.target] = _metrics_of(outcome, labels, before, now)
        lines: Lines = {}
        for _, part in sorted(parts.items()):
            for name, own in part.items():
                lines.setdefault(name, []).extend(own)
        with atomic_text(self.path, METRICS_MODE) as out:
            for name in HELP:
                out.writelines((*header(name), *lines[name]) if name in lines else ())

    def _labels(self, name: str) -> Labels:
        """Return the labels of a target that has no report to name its database and table."""
        known = next((each for each in self.targets if each.name == name), FleetTarget(name))
        return {"target": name, "database": known.database, "table": known.table}

    def _not_found(self, result: FleetResult, before: Sequence[str]) -> dict[str, Labels]:
        """Return the labels of the file's targets that could not be found now, by name."""
        named = {_unescaped(found[1]) for line in before if (found := _TARGET.search(line))}
        named -= {each.target for each in result.targets}
        return {
            name: self._labels(target.name) | {"target": name}
            for target in self.targets
            for name in named
            if any(fnmatchcase(name, each) for each in target.stands_for)
        }

    def _before(self) -> list[str]:
        try:
            # In a label only a line feed is escaped; other ends of lines are characters.
            with self.path.open(encoding="utf-8", newline="\n") as file:
                return list(file)
        except (OSError, UnicodeDecodeError):
            return []


def _metrics_of(outcome: TargetOutcome, labels: Labels, before: list[str], now: datetime) -> Lines:
    if outcome.finished and (report := _report(outcome)):
        own = {"target": outcome.target}
        return {name: list(sample_lines(name, each)) for name, each in families(report, own)}
    return _after_failure(labels, before, now)


def _after_failure(labels: Labels, before: list[str], now: datetime) -> Lines:
    own = {"target": labels["target"]}
    kept = {name: list(_starting(name, own, before)) for name in HELP}
    for name, line in first_failure(labels, now).items():
        # A series keeps the labels that it had.
        kept[name] = [marked_failed(each, now) for each in kept[name]] or [line]
    return {name: lines for name, lines in kept.items() if lines}


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(lambda found: "\n" if found[1] == "n" else found[1], text)


def _starting(name: str, labels: Labels, before: list[str]) -> Iterator[str]:
    """Yield the earlier lines of a metric with these labels first."""
    (line,) = sample_lines(name, [(labels, 0)])
    start = line.rpartition("}")[0]
    return (each for each in before if each.startswith((f"{start},", f"{start}}}")))


def _report(outcome: TargetOutcome) -> ReportResult | None:
    reports = (each.payload for each in outcome.documents if each.command == "report")
    return next((msgspec.convert(each, ReportResult) for each in reports), None)
