"""One pass over all recordings: counts of every kind, with examples.

The pass groups by the flags that the rules use. There are few combinations, so parallel workers
share the work, and the rules classify a combination instead of every row.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Text, and_, cast, collate, func, select

from petrec.rules.evidence import strategy_sql
from petrec.rules.facts_sql import FactColumns
from petrec.rules.observed import observed
from petrec.rules.registry import kind_column
from petrec.schema import Schema


@dataclass(frozen=True)
class FlagGroup:
    """Recordings with equal flags; `invalid` is what the second validation query selects."""

    kind: str
    strategy: str | None
    has_pet: bool
    invalid: bool
    size: int
    least: str
    most: str

    def agrees(self, wanted: Iterable[str | bool | None]) -> bool:
        """Return whether kind, strategy, has_pet and invalid are as wanted; None is any."""
        own = (self.kind, self.strategy, self.has_pet, self.invalid)
        return all(wish is None or wish == mine for wish, mine in zip(wanted, own, strict=True))


@dataclass(frozen=True)
class Census:
    """All recordings by group."""

    groups: Sequence[FlagGroup]

    def count(
        self,
        kind: str | None = None,
        *,
        strategy: str | None = None,
        has_pet: bool | None = None,
        invalid: bool | None = None,
    ) -> int:
        """Return how many recordings agree with everything that is given."""
        wanted = (kind, strategy, has_pet, invalid)
        return sum(group.size for group in self.groups if group.agrees(wanted))

    def examples(self, kind: str) -> tuple[str, ...]:
        """Return the first and the last id of a kind, as text."""
        ends = [(group.least, group.most) for group in self.groups if group.kind == kind]
        if not ends:
            return ()
        return tuple(dict.fromkeys((min(e[0] for e in ends), max(e[1] for e in ends))))


def census_query(schema: Schema, within: ColumnElement[bool] | None = None) -> Select[Any]:
    """Build the one pass over all recordings, or over those `within` a condition."""
    facts = observed(schema, within=within)
    least, most = extremes(facts.recording.id)
    groups = FactColumns(
        select(*facts.flags, func.count().label("size"), least.label("least"), most.label("most"))
        .group_by(*facts.flags)
        .subquery("groups")
    )
    columns = groups.source.c
    # The validation query joins appointment_pets on both columns, and keeps rows without a partner.
    invalid = and_(groups.has_appointment, ~groups.pet_linked)
    judged = (kind_column(groups), strategy_sql(groups), groups.has_pet, invalid)
    return select(*judged, columns.size, columns.least, columns.most)


def take_census(
    connection: Connection, schema: Schema, within: ColumnElement[bool] | None = None
) -> Census:
    """Count everything in one pass."""
    return Census([FlagGroup(*row) for row in connection.execute(census_query(schema, within))])


def extremes(recording_id: ColumnElement[Any]) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    """Return the aggregates of the first and the last id as text, as examples without a sort."""
    text = collate(cast(recording_id, Text), "C")
    return func.min(text), func.max(text)
