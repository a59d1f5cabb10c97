"""The comparison of the current findings with those of the previous run."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter

from petrec.features.audit.result import AuditResult
from petrec.features.report.result import Movement, PastRun
from petrec.fingerprints import Fingerprint, Tally, stream_findings
from petrec.rules import FINDINGS
from petrec.schema import Schema
from petrec.source import Source


@dataclass(frozen=True)
class Comparison:
    """All runs, the current one last, and where they are kept."""

    runs: tuple[PastRun, ...]
    place: str

    @property
    def now(self) -> PastRun:
        """Return the current run."""
        return self.runs[-1]


def movements(tally: Tally) -> dict[str, Movement]:
    """Return the movement of every kind that changed, in the order of the rules."""
    known = [kind.id for kind in FINDINGS]
    kinds = [*known, *sorted({*tally.new, *tally.fixed, *tally.reappeared} - {*known})]
    moved = {k: Movement(tally.new[k], tally.fixed[k], tally.reappeared[k]) for k in kinds}
    return {kind: movement for kind, movement in moved.items() if movement != Movement()}


@contextmanager
def distinct_findings(source: Source, schema: Schema) -> Iterator[Iterator[Fingerprint]]:
    """Stream the findings ordered by digest, each once."""
    with stream_findings(source, schema, "digest") as found:
        fingerprints = (finding.fingerprint for finding in found)
        yield (next(alike) for _, alike in groupby(fingerprints, key=attrgetter("digest")))


def present_run(audit: AuditResult, moved: dict[str, Movement], *, first: bool) -> PastRun:
    """Return the run of this audit for the history."""
    return PastRun(
        taken_at=audit.taken_at,
        total=audit.total,
        missing_pet_id=audit.guide.missing_pet_id,
        counts={kind.id: kind.count for kind in audit.finding_kinds},
        moved={} if first else moved,
        first=first,
    )


def compared_with_nothing(audit: AuditResult) -> Comparison:
    """Return a comparison for a report that keeps no history."""
    return Comparison((present_run(audit, {}, first=True),), "")
