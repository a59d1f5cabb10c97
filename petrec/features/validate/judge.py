"""The gate's verdict: a level for every rule, from counts, limits and the baseline."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from petrec.errors import InconsistentReadError
from petrec.features.audit.result import AuditResult, KindCount, WarningCount
from petrec.features.validate.limits import Limit, Thresholds
from petrec.features.validate.outcome import (
    ExpectationOutcome,
    Level,
    RatchetOutcome,
    RuleOutcome,
)
from petrec.features.validate.result import ValidationResult


def judge(
    audit: AuditResult,
    limits: Mapping[str, Thresholds],
    *,
    ratchet: RatchetOutcome | None = None,
    since: datetime | None = None,
    expectations: Sequence[ExpectationOutcome] = (),
    warnings_fail: bool = False,
) -> ValidationResult:
    """Judge an audit; errors: InconsistentReadError if the ratchet saw other rows."""
    if ratchet is not None:
        _check_agreement(audit, ratchet)
    kinds = (_kind(kind, audit.total, limits[kind.id], ratchet) for kind in audit.finding_kinds)
    counted = {warning.id: warning for warning in audit.warnings}
    warnings = [rule for rule in limits if rule not in {kind.id for kind in audit.kinds}]
    return ValidationResult(
        taken_at=audit.taken_at,
        database=audit.database,
        server_version=audit.server_version,
        engine=audit.engine,
        table=audit.table,
        total=audit.total,
        rules=(
            *kinds,
            *(_warning(rule, counted.get(rule), audit.total, limits[rule]) for rule in warnings),
        ),
        since=since,
        ratchet=ratchet,
        expectations=tuple(expectations),
        warnings_fail=warnings_fail,
    )


def _check_agreement(audit: AuditResult, ratchet: RatchetOutcome) -> None:
    for kind in audit.finding_kinds:
        listed = ratchet.known.get(kind.id, 0) + ratchet.new.get(kind.id, 0)
        if listed != kind.count:
            reason = (
                f"{kind.count} recordings of kind {kind.id} were counted, but {listed} were listed"
            )
            raise InconsistentReadError(reason, hint="this is a defect of petrec; please report it")


def _kind(
    kind: KindCount, total: int, limits: Thresholds, ratchet: RatchetOutcome | None
) -> RuleOutcome:
    new = None if ratchet is None else ratchet.new.get(kind.id, 0)
    if ratchet is None or new is None:
        level, broken = _level(limits, kind.count, total)
    else:
        level, broken = _level_of_new(limits, 0 if ratchet.updated else new)
    return RuleOutcome(
        id=kind.id,
        level=level,
        sentence=kind.sentence,
        count=kind.count,
        percent=kind.percent,
        broken=broken,
        known=None if ratchet is None else ratchet.known.get(kind.id, 0),
        new=new,
        help=f"repair: petrec {kind.repair}",
        samples=kind.samples if not new or ratchet is None else ratchet.samples.get(kind.id, ()),
    )


def _warning(
    rule: str, warning: WarningCount | None, total: int, limits: Thresholds
) -> RuleOutcome:
    """Judge a warning; it has no fingerprints, so the ratchet does not know it."""
    if warning is None:
        return RuleOutcome(
            rule, Level.OFF, "the database lacks the columns that this rule needs", None, 0.0
        )
    level, broken = _level(limits, warning.count, total)
    percent = round(100 * warning.count / total, 2) if total else 0.0
    return RuleOutcome(
        rule, level, warning.sentence, warning.count, percent, broken, samples=warning.samples
    )


def _level(limits: Thresholds, count: int, total: int) -> tuple[Level, str]:
    if limits.off:
        return Level.OFF, ""
    for level, name, limit in _worst_first(limits):
        if limit.is_broken(count, total):
            return level, f"{name} {limit}"
    return Level.OK, ""


def _level_of_new(limits: Thresholds, new: int) -> tuple[Level, str]:
    """Return the worst level of the rule for new findings, whatever its limits."""
    if limits.off:
        return Level.OFF, ""
    levels = _worst_first(limits)
    return (levels[0][0], "new since the baseline") if new and levels else (Level.OK, "")


def _worst_first(limits: Thresholds) -> list[tuple[Level, str, Limit]]:
    named = ((Level.ERROR, "error_if", limits.error_if), (Level.WARNING, "warn_if", limits.warn_if))
    return [(level, name, limit) for level, name, limit in named if limit is not None]
