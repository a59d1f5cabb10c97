"""The gate's result, rule by rule."""

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from msgspec.structs import replace

from petrec.documents.amounts import counted
from petrec.documents.document import UNDETERMINED, Cell, Document, Finding, Grid, Result
from petrec.documents.frames import records_frame
from petrec.features.validate.outcome import (
    ExpectationOutcome,
    ExpectationState,
    Level,
    RatchetOutcome,
    RuleOutcome,
)
from petrec.phrases import Phrase, Phrased

if TYPE_CHECKING:
    from pandas import DataFrame


class ValidationResult(Result, frozen=True):
    """One validation, from one snapshot; `since` is the start of a partial one's window."""

    taken_at: datetime
    database: str
    server_version: str
    table: str
    total: int
    rules: tuple[RuleOutcome, ...]
    since: datetime | None = None
    ratchet: RatchetOutcome | None = None
    expectations: tuple[ExpectationOutcome, ...] = ()
    warnings_fail: bool = False
    allow_empty: bool = False
    engine: str = "PostgreSQL"
    command: str = "validate"

    @property
    def partial(self) -> bool:
        """Return whether only the recordings of a window were checked."""
        return self.since is not None

    @property
    def nothing_checked(self) -> bool:
        """Return whether there was no recording to check, where there should be one."""
        return self.total == 0 and not self.allow_empty

    @property
    def errors(self) -> int:
        """Return how many rules and expectations fail."""
        broken = sum(outcome.state is not ExpectationState.VALID for outcome in self.expectations)
        return broken + self._rules_at(Level.ERROR)

    @property
    def warnings(self) -> int:
        """Return how many rules warn."""
        return self._rules_at(Level.WARNING)

    @property
    def clean(self) -> bool:
        """Return whether there is nothing to report."""
        stale = self.ratchet is not None and (self.ratchet.updated or self.ratchet.stale > 0)
        return not (self.nothing_checked or self.errors or self.warnings or stale)

    def _rules_at(self, level: Level) -> int:
        return sum(rule.level is level for rule in self.rules)

    def without_rows(self) -> "ValidationResult":
        """Return the same result without ids of recordings."""
        ratchet = self.ratchet and replace(self.ratchet, samples={})
        rules = tuple(replace(rule, samples=()) for rule in self.rules)
        return replace(self, rules=rules, ratchet=ratchet)

    def frame(self) -> "DataFrame":
        """Return the outcome of each rule as a data frame."""
        return records_frame(RuleOutcome, self.rules)

    def document(self) -> Document:
        """Return the form for rendering."""
        return Document(
            command=self.command,
            title=self._title(),
            payload=self,
            grids=(self._rule_grid(), self._expectation_grid()),
            findings=tuple(self._findings()),
            notes=tuple(self._notes()),
        )

    def _findings(self) -> Iterator[Finding]:
        yield from map(self._finding, self.rules)
        yield from map(_unmet, self.expectations)
        if self.nothing_checked:
            hint = Phrased(Phrase.EMPTY_ALLOWED)
            message = f"there is no recording in {self.table} to check"
            yield Finding("nothing_checked", UNDETERMINED, 1, message, hint, unit="")

    def _title(self) -> str:
        checked = f"{counted(self.total, 'recording')} checked"
        verdict = f"{counted(self.errors, 'error')}, {counted(self.warnings, 'warning')}"
        if self.since is not None:
            return f"PARTIAL, since {self.since:%Y-%m-%d %H:%M:%S} UTC: {verdict}; {checked}"
        return f"{verdict}; {checked}"

    def _rule_grid(self) -> Grid:
        compared = self.ratchet is not None
        columns = ("rule", "level", "count", "percent", *(("known", "new") if compared else ()))
        return Grid(
            "Rules",
            (*columns, "broken limit", "for example"),
            tuple(_rule_row(rule, compared=compared) for rule in self.rules),
        )

    def _expectation_grid(self) -> Grid:
        rows = tuple((e.id, e.state.value, e.found) for e in self.expectations)
        return Grid("Constraints and indexes", ("expected", "state", "found as"), rows)

    def _finding(self, rule: RuleOutcome) -> Finding:
        breaks = rule.level in {Level.WARNING, Level.ERROR}
        count = (rule.count if rule.new is None else rule.new) or 0
        severity = rule.level.value
        if rule.level is Level.WARNING and self.warnings_fail:
            severity = Level.ERROR.value
        unit = "recordings" if rule.new is None else "new recordings"
        return Finding(
            rule.id, severity, count if breaks else 0, rule.sentence, rule.help, unit=unit
        )

    def _notes(self) -> list[str]:
        taken = f"{self.taken_at:%Y-%m-%d %H:%M:%S} UTC"
        where = f"{self.table} in {self.database} ({self.engine} {self.server_version}), {taken}"
        partial = ["Partial: older recordings were not checked."] if self.partial else []
        return [where, *partial, *(_ratchet_notes(self.ratchet) if self.ratchet else [])]


def _rule_row(rule: RuleOutcome, *, compared: bool) -> tuple[Cell, ...]:
    split: tuple[Cell, ...] = (rule.known, rule.new) if compared else ()
    example = "".join(rule.samples[:1])
    return (rule.id, rule.level.value, rule.count, rule.percent, *split, rule.broken, example)


def _unmet(outcome: ExpectationOutcome) -> Finding:
    broken = outcome.state is not ExpectationState.VALID
    named = f" ({outcome.found})" if outcome.found else ""
    message = f"{outcome.id} is {outcome.state.value}{named}"
    return Finding(f"expect {outcome.id}", "error", int(broken), message, unit="")


def _ratchet_notes(ratchet: RatchetOutcome) -> list[str]:
    known, new = sum(ratchet.known.values()), sum(ratchet.new.values())
    if ratchet.updated:
        change = f"{new} added, {ratchet.stale} removed, {known + new} in all"
        return [f"Baseline {ratchet.file} updated: {change}."]
    notes = [f"Baseline {ratchet.file}: {known} known, {new} new, {ratchet.stale} fixed."]
    if ratchet.unrelated:
        notes.append("No entry of the baseline was found: does it belong to this database?")
    elif ratchet.stale:
        notes.append(Phrased(Phrase.BASELINE_STALE))
    return notes
