"""The findings of now against those of the run before, whatever keeps them."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection, collate

from petrec.features.audit.result import AuditResult
from petrec.features.report.result import Movement, PastRun
from petrec.postgres.copy import stream_copy
from petrec.rules import FINDINGS
from petrec.rules.fingerprint import fingerprints_query
from petrec.schema import Schema

Found = tuple[str, str]
"""A fingerprint and its kind."""


@dataclass(frozen=True)
class Comparison:
    """All runs, the present one last, and where they are kept."""

    runs: tuple[PastRun, ...]
    place: str

    @property
    def now(self) -> PastRun:
        """Return the present run."""
        return self.runs[-1]


class Tally:
    """Counts the movements by kind."""

    def __init__(self) -> None:
        self.new: Counter[str] = Counter()
        self.fixed: Counter[str] = Counter()
        self.reappeared: Counter[str] = Counter()

    def movements(self) -> dict[str, Movement]:
        """Return the movement of every kind that moved, by the order of the rules."""
        known = [kind.id for kind in FINDINGS]
        kinds = [*known, *sorted({*self.new, *self.fixed, *self.reappeared} - {*known})]
        moved = {k: Movement(self.new[k], self.fixed[k], self.reappeared[k]) for k in kinds}
        return {kind: movement for kind, movement in moved.items() if movement != Movement()}


@contextmanager
def findings_in_order(connection: Connection, schema: Schema) -> Iterator[Iterator[Found]]:
    """Stream the findings ordered by fingerprint, each once."""
    found = fingerprints_query(schema).subquery("found")
    query = found.select().with_only_columns(found.c.fingerprint, found.c.kind)
    query = query.order_by(collate(found.c.fingerprint, "C"))
    with stream_copy(connection, query) as rows:
        yield _distinct((row[0] or "", row[1] or "") for row in rows)


def _distinct(rows: Iterator[Found]) -> Iterator[Found]:
    """A partitioned table may hold one id twice, in two partitions."""
    last = ""
    for row in rows:
        if row[0] != last:
            yield row
        last = row[0]


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
