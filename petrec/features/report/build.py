"""Build the report from the snapshot and the history."""

from dataclasses import dataclass

from sqlalchemy import Connection, Date, cast, func, select

from petrec.features.audit.result import AuditResult
from petrec.features.report.examples import read_examples
from petrec.features.report.history.compared import Comparison
from petrec.features.report.monitoring import read_monitoring
from petrec.features.report.result import BackfillMark, ReportResult
from petrec.features.report.series import trend
from petrec.features.report.verdict import NOTHING, judge
from petrec.features.runs.journal.presence import is_readable
from petrec.features.runs.journal.tables import runs
from petrec.features.runs.targets import name_in_journal, target_name
from petrec.schema import Schema
from petrec.source import Source

_MOST_BACKFILLS = 12


@dataclass(frozen=True)
class ReportWindow:
    """How far back a report looks, whether it names recordings, and where it links to them.

    `files` is the place of the files that are read; empty for a database. `master` is the address
    of the cluster that reads them; empty for this machine.
    """

    days: int = 7
    trend_days: int = 90
    examples: bool = True
    link: str = ""
    files: str = ""
    master: str = ""


def build_report(
    source: Source,
    schema: Schema,
    audit: AuditResult,
    comparison: Comparison,
    scope: ReportWindow,
) -> ReportResult:
    """Read the rest from the audit's own source and return the report."""
    points, weekly = trend(comparison.runs, scope.trend_days)
    first = comparison.now.first
    backfills = _read_backfills(source.database, schema) if source.is_database else ()
    monitoring = read_monitoring(source, schema, audit.taken_at, scope.days)
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
        examples=read_examples(source, schema, audit, scope.link) if scope.examples else (),
        history=comparison.place,
        files=scope.files,
        master=scope.master,
    )


def _read_backfills(connection: Connection, schema: Schema) -> tuple[BackfillMark, ...]:
    """Return the last runs that changed recordings, oldest first; none if they are unreadable."""
    if not is_readable(connection, runs):
        return ()
    day = cast(func.coalesce(runs.c.finished_at, runs.c.updated_at), Date)
    query = (
        select(runs.c.id, day, runs.c.action, runs.c.changed)
        .where(name_in_journal() == target_name(schema), runs.c.changed > 0)
        .order_by(runs.c.id.desc())
        .limit(_MOST_BACKFILLS)
    )
    return tuple(BackfillMark(*row) for row in reversed(connection.execute(query).all()))
