"""Counts of all kinds and the guide's numbers, in one pass over the recordings."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, and_, func, select

from petrec.results.audit import GuideNumbers, KindCount
from petrec.rules import KINDS, judged, kind_column
from petrec.schema import Schema


class Group(NamedTuple):
    """Recordings that agree in kind and in what the guide's queries ask."""

    kind: str
    has_pet: bool
    invalid: bool
    size: int


def counts_query(schema: Schema) -> Select[Any]:
    """Return one row per group that occurs."""
    facts = judged(schema)
    # The guide joins appointment_pets on both columns and keeps the rows without a partner.
    invalid = and_(facts.has_appointment, ~facts.pet_linked)
    columns = (
        kind_column(facts).label("kind"),
        facts.has_pet.label("has_pet"),
        invalid.label("invalid"),
    )
    each = select(*columns).select_from(facts.source).subquery("each_recording")
    groups = (each.c.kind, each.c.has_pet, each.c.invalid)
    return select(*groups, func.count()).group_by(*groups)


def read_counts(connection: Connection, schema: Schema) -> list[Group]:
    """Run the one pass."""
    return [Group(*row) for row in connection.execute(counts_query(schema))]


def kind_counts(
    groups: Sequence[Group], samples: Mapping[str, tuple[str, ...]]
) -> tuple[KindCount, ...]:
    """Return every kind, zeros included, with its share of all recordings."""
    total = sum(group.size for group in groups)
    found = {kind.id: 0 for kind in KINDS}
    for group in groups:
        found[group.kind] += group.size
    return tuple(
        KindCount(
            id=kind.id,
            severity=kind.severity,
            sentence=kind.sentence,
            repair=kind.repair,
            count=found[kind.id],
            percent=round(100 * found[kind.id] / total, 2) if total else 0.0,
            samples=samples.get(kind.id, ()),
        )
        for kind in KINDS
    )


def guide_numbers(groups: Sequence[Group]) -> GuideNumbers:
    """Return what the guide's two validation queries return."""
    total = sum(group.size for group in groups)
    with_pet = sum(group.size for group in groups if group.has_pet)
    return GuideNumbers(
        total_recordings=total,
        recordings_with_pet_id=with_pet,
        missing_pet_id=total - with_pet,
        invalid_associations=sum(group.size for group in groups if group.invalid),
    )
