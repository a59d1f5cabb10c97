"""The audit: counts, samples and warnings from one snapshot."""

from collections.abc import Callable

from sqlalchemy import Connection, func, select, text

from petrec.audit.counts import guide_numbers, kind_counts, read_counts
from petrec.audit.samples import first_ids, read_samples
from petrec.results.audit import AuditResult, WarningCount
from petrec.rules.secondary import SECONDARY
from petrec.schema import Schema

_WHERE = text(
    "SELECT current_database(), current_setting('server_version'), transaction_timestamp()"
)


def run_audit(
    connection: Connection,
    schema: Schema,
    *,
    samples: int = 3,
    step: Callable[[str], None] = lambda _: None,
) -> AuditResult:
    """Audit all recordings within the caller's snapshot; `step` is told what is being done."""
    step("counting recordings by kind")
    groups = read_counts(connection, schema)
    total = sum(group.size for group in groups)
    damaged = any(group.kind != "ok" for group in groups)
    step("collecting samples")
    found = read_samples(connection, schema, samples) if samples and damaged else {}
    step("checking warnings")
    database, version, taken_at = connection.execute(_WHERE).one()
    return AuditResult(
        taken_at=taken_at,
        database=database,
        server_version=version,
        table=schema.recordings.fullname,
        total=total,
        kinds=kind_counts(groups, found),
        guide=guide_numbers(groups),
        warnings=_warnings(connection, schema, samples),
    )


def _warnings(connection: Connection, schema: Schema, samples: int) -> tuple[WarningCount, ...]:
    counted = []
    for fact in SECONDARY:
        rows = fact.rows(schema)
        if rows is None:
            continue
        count = connection.scalars(select(func.count()).select_from(rows.subquery())).one()
        ids = first_ids(connection, rows, samples) if count and samples else ()
        counted.append(WarningCount(fact.id, fact.sentence, count, ids))
    return tuple(counted)
