"""The gate: check findings against limits and a baseline."""

from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from petrec.errors import UsageError
from petrec.features.audit import run_audit
from petrec.features.validate import (
    Baseline,
    Expected,
    apply_ratchet,
    judge,
    limits_by_rule,
)
from petrec.features.validate.result import ValidationResult
from petrec.operations.callbacks import Step, ignore
from petrec.operations.session import Session
from petrec.phrases import Phrase, Phrased
from petrec.rules.window import window
from petrec.schema import Schema
from petrec.source import Source


@dataclass(frozen=True)
class Gate:
    """What findings are compared with.

    `baseline` is a file of known findings, created or replaced with `update_baseline`; `expect` a
    file of constraints that must be valid. `since` limits the check to recordings created since
    then (7d, 24h, 2026-01-31): a partial answer, for which there is no baseline. `new_rows` is a
    CSV for kind and id of every recording that is new since the baseline. Without `allow_empty`, a
    check of no recording at all is not clean.
    """

    baseline: Path | None = None
    update_baseline: bool = False
    since: str | None = None
    expect: Path | None = None
    warnings_fail: bool = False
    new_rows: Path | None = None
    allow_empty: bool = False

    def __post_init__(self) -> None:
        """Check that the parts fit together; errors: UsageError."""
        if self.update_baseline and self.baseline is None:
            raise UsageError("no baseline is named", hint=Phrased(Phrase.NAME_BASELINE))
        if self.new_rows is not None and self.baseline is None:
            reason = "new findings can only be found with a baseline"
            raise UsageError(reason, hint=Phrased(Phrase.NAME_BASELINE))
        if self.since is not None and self.baseline is not None:
            raise UsageError(
                "a window cannot be compared with a baseline of all recordings",
                hint=Phrased(Phrase.WINDOW_OR_BASELINE),
            )

    @classmethod
    def of_settings(cls, session: Session) -> "Gate":
        """Return the gate that the settings describe."""
        chosen = session.settings.validate
        return cls(
            baseline=Path(chosen.baseline) if chosen.baseline else None,
            # Files have no constraints, as every output says.
            expect=Path(chosen.expect) if chosen.expect and session.lake is None else None,
        )


def validate(
    session: Session, gate: Gate | None = None, *, examples: bool = True, step: Step = ignore
) -> ValidationResult:
    """Check the findings; without a gate, by the gate of the settings.

    Writes nothing to the database. `examples` names recordings in the result.
    """
    gate = gate or Gate.of_settings(session)
    limits = limits_by_rule(session.settings.validate.rules)
    expected = Expected.read(gate.expect)

    def work(source: Source, schema: Schema) -> ValidationResult:
        start = window(source, schema, gate.since)
        audit = run_audit(source, schema, since=start, step=step)
        ratchet = None
        # An empty table must not empty the baseline.
        if gate.baseline is not None and audit.total:
            step("comparing with the baseline")
            known = Baseline(gate.baseline, schema)
            ratchet = apply_ratchet(
                source,
                schema,
                known,
                update=gate.update_baseline,
                new_rows=gate.new_rows,
            )
        return judge(
            audit,
            limits,
            ratchet=ratchet,
            since=start,
            expectations=list(expected.hold(source, schema)),
            warnings_fail=gate.warnings_fail,
        )

    result = replace(session.read_source(work), allow_empty=gate.allow_empty)
    return result if examples else result.without_rows()
