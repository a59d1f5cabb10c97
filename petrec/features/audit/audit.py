"""The audit: counts, examples and warnings from one snapshot."""

from collections.abc import Callable

from sqlalchemy import ColumnElement, Connection, func, select, text

from petrec.features.audit.overtaken import facts_of_the_journal
from petrec.features.audit.result import AuditResult, GuideNumbers, KindCount, WarningCount
from petrec.rules import KINDS, Kind
from petrec.rules.census import Census, extremes, take_census
from petrec.rules.secondary import SECONDARY, SecondaryFact
from petrec.schema import Schema

_WHERE = text(
    "SELECT current_database(), current_setting('server_version'), transaction_timestamp()"
)


def run_audit(
    connection: Connection,
    schema: Schema,
    *,
    within: ColumnElement[bool] | None = None,
    step: Callable[[str], None] = lambda _: None,
) -> AuditResult:
    """Audit all recordings within the caller's snapshot, or those `within` a condition.

    `step` is called with the current step.
    """
    step("counting recordings by kind")
    census = take_census(connection, schema, within)
    step("checking warnings")
    facts = (*SECONDARY, *facts_of_the_journal(connection))
    counted = (_count(connection, schema, fact, within) for fact in facts)
    database, version, taken_at = connection.execute(_WHERE).one()
    return AuditResult(
        taken_at=taken_at,
        database=database,
        server_version=version,
        table=str(schema.tables.recordings.fullname),
        total=census.count(),
        kinds=tuple(_kind_count(census, kind) for kind in KINDS),
        guide=_guide(census),
        warnings=tuple(warning for warning in counted if warning is not None),
        remarks=schema.remarks,
    )


def _kind_count(census: Census, kind: Kind) -> KindCount:
    total, count = census.count(), census.count(kind.id)
    return KindCount(
        id=kind.id,
        severity=kind.severity,
        sentence=kind.sentence,
        repair=kind.repair,
        count=count,
        percent=round(100 * count / total, 2) if total else 0.0,
        samples=census.examples(kind.id) if kind.is_finding else (),
    )


def _guide(census: Census) -> GuideNumbers:
    return GuideNumbers(
        total_recordings=census.count(),
        recordings_with_pet_id=census.count(has_pet=True),
        missing_pet_id=census.count(has_pet=False),
        invalid_associations=census.count(invalid=True),
    )


def _count(
    connection: Connection,
    schema: Schema,
    fact: SecondaryFact,
    within: ColumnElement[bool] | None,
) -> WarningCount | None:
    query = fact.rows(schema)
    if query is None:
        return None
    rows = (query if within is None else query.where(within)).subquery("found")
    counts = select(func.count(), *extremes(rows.c.id)).select_from(rows)
    count, least, most = connection.execute(counts).one()
    return WarningCount(
        fact.id, fact.sentence, count, tuple(dict.fromkeys((least, most))) if count else ()
    )
