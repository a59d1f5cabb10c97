"""The audit: counts, examples and warnings from one snapshot."""

from collections.abc import Callable
from datetime import datetime

from petrec.features.audit.result import AuditResult, GuideNumbers, KindCount, WarningCount
from petrec.rules import KINDS, Kind
from petrec.rules.census import Census, take_census
from petrec.rules.warnings import OWNER_DIFFERS
from petrec.rules.window import created_since
from petrec.schema import Schema
from petrec.source import Source


def run_audit(
    source: Source,
    schema: Schema,
    *,
    since: datetime | None = None,
    step: Callable[[str], None] = lambda _: None,
) -> AuditResult:
    """Audit all recordings within one state of the source, or those created `since` a moment.

    `step` is called with the current step.
    """
    step("counting recordings by kind")
    within = None if since is None else created_since(schema, since)
    census = take_census(source, schema, within, owners=True)
    step("checking warnings")
    origin = source.provenance()
    overtaken = _overtaken(source, schema, since) if origin.has_journal else None
    counted = (_owners(schema, census), overtaken)
    return AuditResult(
        taken_at=origin.taken_at,
        database=origin.database,
        engine=origin.engine,
        server_version=origin.version,
        table=str(schema.tables.recordings.fullname),
        total=census.count(),
        kinds=tuple(_kind_count(census, kind) for kind in KINDS),
        guide=_guide(census),
        warnings=tuple(warning for warning in counted if warning is not None),
        remarks=schema.remarks,
        one_snapshot=schema.layout.one_snapshot,
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


def _overtaken(source: Source, schema: Schema, since: datetime | None) -> WarningCount | None:
    """Count what needs the journal, whose code is only loaded where there is one."""
    from petrec.features.audit.overtaken import count_overtaken  # noqa: PLC0415

    stored = source.as_stored(schema)
    within = None if since is None else created_since(stored, since)
    return count_overtaken(source.database, stored, within)


def _owners(schema: Schema, census: Census) -> WarningCount | None:
    if not schema.compares_owners:
        return None
    count = census.count(owner_differs=True)
    samples = census.examples(owner_differs=True)
    return WarningCount(OWNER_DIFFERS.id, OWNER_DIFFERS.sentence, count, samples)
