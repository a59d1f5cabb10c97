"""A fleet as one page: no script, no network; the worst target first, each with its own page."""

import os.path
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import quote

from markupsafe import Markup

from petrec.errors import UsageError
from petrec.features.report.charts import rate_bar
from petrec.features.report.page import environment
from petrec.files import atomic_text, try_directory
from petrec.operations.fleet.places import fill
from petrec.operations.fleet.result import FleetResult, TargetOutcome, TargetState
from petrec.operations.fleet.targets import FleetTarget
from petrec.rules import KINDS
from petrec.rules.warnings import WARNINGS

_SIGNS = {
    TargetState.CLEAN: "✓",
    TargetState.FINDINGS: "•",
    TargetState.NO_ROWS: "○",
    TargetState.FAILED: "✗",
    TargetState.INTERRUPTED: "✗",
    TargetState.NOT_STARTED: "…",
}
_WORDS = {kind.id: kind.sentence for kind in KINDS} | {s.id: s.sentence for s in WARNINGS}


@dataclass(frozen=True)
class Overview:
    """The page of all targets; `pattern` is the page of each, with the places of a target."""

    path: Path
    pattern: Path | None
    targets: Sequence[FleetTarget]

    def check(self) -> None:
        """Check, before any work, that the page can be written; errors: UsageError, OutputError."""
        try_directory(self.path.absolute().parent)
        for name, page in self._pages():
            if page == self.path:
                raise UsageError(f"the page of all targets and that of {name} would both be {page}")

    def write(self, result: FleetResult) -> None:
        """Write the page; errors: OutputError."""
        # A page of an earlier day would look like the outcome of a target that failed today.
        finished = {outcome.target for outcome in result.targets if outcome.finished}
        pages = {name: p for name, p in self._pages() if name in finished and p.is_file()}
        style = files("petrec.features.report").joinpath("templates/report.css").read_text("utf-8")
        # The style sheet is petrec's own; nothing of a database is in it.
        content = _content(result, self.path, pages) | {"style": Markup(style.strip())}  # noqa: S704
        with atomic_text(self.path) as out:
            out.write(environment().get_template("fleet.html.j2").render(content) + "\n")

    def _pages(self) -> Iterator[tuple[str, Path]]:
        if self.pattern is not None:
            for target in self.targets:
                yield target.name, Path(fill(str(self.pattern), target))


def _content(result: FleetResult, path: Path, pages: Mapping[str, Path]) -> dict[str, Any]:
    document = result.document()
    rows = [_row(outcome, path, pages.get(outcome.target)) for outcome in result.targets]
    worst = result.targets[0].state if result.targets else TargetState.NO_ROWS
    counted = [row for row in rows if row["total"] is not None]
    most = max((100 * row["findings"] / row["total"] for row in counted if row["total"]), default=0)
    for row in counted:
        share = 100 * row["findings"] / row["total"] if row["total"] else 0.0
        row["bar"] = rate_bar(share, share, share, most)
    return {
        "title": document.title,
        "of": result.of,
        "made": datetime.now(UTC),
        "remarks": document.remarks,
        "sign": _SIGNS[worst],
        "direction": _direction(worst),
        "findings": sum(row["findings"] for row in counted),
        "total": sum(row["total"] for row in counted),
        "read": len(counted),
        "rows": rows,
        "sums": [
            {"words": _WORDS.get(rule, severity), "rule": rule, "count": count, "targets": targets}
            for rule, severity, count, targets in result.sums()
        ],
    }


def _direction(worst: TargetState) -> str:
    return {TargetState.CLEAN: "clean", TargetState.FINDINGS: "steady"}.get(worst, "worse")


def _row(outcome: TargetOutcome, path: Path, page: Path | None) -> dict[str, Any]:
    found = (each for document in outcome.documents for each in document.findings)
    return {
        "target": outcome.target,
        "state": outcome.state.value,
        "sign": _SIGNS[outcome.state],
        "finished": outcome.finished,
        "findings": sum(each.count for each in found if each.severity == "error"),
        "total": _recordings(outcome),
        "sentence": outcome.sentence,
        "hint": outcome.hint,
        "page": quote(os.path.relpath(page, path.parent)) if page else "",
        "bar": "",
    }


def _recordings(outcome: TargetOutcome) -> int | None:
    """Return how many recordings the result is about; None where it does not say."""
    for document in outcome.documents:
        payload = document.payload if isinstance(document.payload, Mapping) else {}
        for part in (payload, payload.get("audit")):
            if isinstance(part, Mapping) and isinstance(total := part.get("total"), int):
                return total
    return None
