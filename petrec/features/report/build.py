"""Put the report together from what the snapshot and the history say."""

from dataclasses import dataclass

from sqlalchemy import Connection

from petrec.features.audit.result import AuditResult
from petrec.features.report.backfills import read_backfills
from petrec.features.report.examples import read_examples
from petrec.features.report.history.compared import Comparison
from petrec.features.report.monitoring import read_monitoring
from petrec.features.report.result import ReportResult
from petrec.features.report.series import trend
from petrec.features.report.verdict import NOTHING, judge
from petrec.schema import Schema


@dataclass(frozen=True)
class ReportScope:
    """How far back a report looks, and whether it names recordings."""

    days: int = 7
    trend_days: int = 90
    examples: bool = True


def build_report(
    connection: Connection,
    schema: Schema,
    audit: AuditResult,
    comparison: Comparison,
    scope: ReportScope,
) -> ReportResult:
    """Read the rest within the audit's own snapshot and return the report."""
    points, weekly = trend(comparison.runs, scope.trend_days)
    first = comparison.now.first
    backfills = read_backfills(connection, schema)
    monitoring = read_monitoring(connection, schema, audit.taken_at, scope.days)
    return ReportResult(
        audit=audit,
        window_days=scope.days,
        verdict=judge(points) if audit.total else NOTHING,
        trend=points,
        weekly=weekly,
        uploads=monitoring.uploads,
        rejected=monitoring.rejected,
        remarks=monitoring.remarks,
        moved=None if first else comparison.now.moved,
        compared_with=None if first else comparison.runs[-2].taken_at,
        runs=len(comparison.runs),
        backfills=tuple(mark for mark in backfills if mark.day >= points[0].day),
        examples=read_examples(connection, schema, audit) if scope.examples else (),
        history=comparison.place,
    )
