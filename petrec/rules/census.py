"""One pass over all recordings: counts of every kind and warning, with examples.

The pass groups by the flags that the rules use. There are few combinations, so parallel workers
share the work, and the rules classify a combination instead of every row.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    Text,
    and_,
    cast,
    collate,
    false,
    func,
    or_,
    select,
)

from petrec.rules.evidence import strategy_sql
from petrec.rules.facts_sql import FactColumns
from petrec.rules.lists import Lists
from petrec.rules.observed import observed
from petrec.rules.registry import KINDS, kind_column
from petrec.schema import Schema
from petrec.source import Reader


@dataclass(frozen=True)
class FlagGroup:
    """Recordings with equal flags; `invalid` is what the second validation query selects.

    `least` and `most` are the first and the last id as text, or None where nothing is wrong.
    """

    kind: str
    strategy: str | None
    has_pet: bool
    invalid: bool
    owner_differs: bool
    size: int
    least: str | None
    most: str | None


@dataclass(frozen=True)
class Census:
    """All recordings by group."""

    groups: Sequence[FlagGroup]

    def count(self, kind: str | None = None, **flags: str | bool) -> int:
        """Return how many recordings agree with every field of a group that is given."""
        return sum(group.size for group in self._having(kind, flags))

    def examples(self, kind: str | None = None, **flags: str | bool) -> tuple[str, ...]:
        """Return the first and the last id of those recordings, as text."""
        groups = list(self._having(kind, flags))
        ends = [(g.least, g.most) for g in groups if g.least is not None and g.most is not None]
        if not ends:
            return ()
        return tuple(dict.fromkeys((min(e[0] for e in ends), max(e[1] for e in ends))))

    def _having(self, kind: str | None, flags: dict[str, str | bool]) -> Iterator[FlagGroup]:
        wanted = flags if kind is None else {"kind": kind, **flags}
        for group in self.groups:
            if all(getattr(group, name) == value for name, value in wanted.items()):
                yield group


def census_query(
    schema: Schema, within: ColumnElement[bool] | None = None, *, owners: bool = False
) -> Select[Any]:
    """Build the one pass over all recordings, or over those `within` a condition."""
    owners = owners and schema.compares_owners
    facts = observed(schema, lists=Lists.COUNTED, within=within, owners=owners)
    differs = [facts.source.c.petrec_owner_differs] if owners else []
    flags: list[ColumnElement[bool]] = [*facts.flags, *differs]
    least, most = extremes(facts.recording.id, or_(_is_finding(facts), *differs))
    counted = (func.count().label("size"), least.label("least"), most.label("most"))
    groups = FactColumns(select(*flags, *counted).group_by(*flags).subquery("groups"))
    columns = groups.source.c
    # The validation query joins appointment_pets on both columns, and keeps rows without a partner.
    invalid = and_(groups.has_appointment, ~groups.pet_linked)
    differing = columns.petrec_owner_differs if owners else false()
    judged = (kind_column(groups), strategy_sql(groups), groups.has_pet, invalid, differing)
    return select(*judged, columns.size, columns.least, columns.most)


def take_census(
    reader: Reader,
    schema: Schema,
    within: ColumnElement[bool] | None = None,
    *,
    owners: bool = False,
) -> Census:
    """Count everything in one pass; `owners` compares them, too, where the schema has them."""
    query = census_query(schema, within, owners=owners)
    return Census([FlagGroup(*row) for row in reader.execute(query)])


def extremes(
    recording_id: ColumnElement[Any], *where: ColumnElement[bool]
) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    """Return the aggregates of the first and the last id as text, as examples without a sort.

    Ids `where` a condition fails are not even made text.
    """
    text = collate(cast(recording_id, Text), "C")
    least, most = func.min(text), func.max(text)
    return (least.filter(*where), most.filter(*where)) if where else (least, most)


def _is_finding(facts: FactColumns) -> ColumnElement[bool]:
    # The kinds partition the table, and fewer of them are no finding.
    return ~or_(*(kind.sql(facts) for kind in KINDS if not kind.is_finding))
