"""One statement over all recordings: counts of every kind and warning, with examples.

Most recordings are ok. One branch counts all rows; the other selects those that are not ok, and
groups them by the flags that the rules use. There are few combinations, and the rules classify a
combination instead of every row. The number of ok recordings is the difference.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnElement,
    CompoundSelect,
    Select,
    Text,
    and_,
    cast,
    collate,
    false,
    func,
    null,
    or_,
    select,
    union_all,
)

from petrec.rules.evidence import strategy_sql
from petrec.rules.facts_sql import FactColumns
from petrec.rules.kinds.ok import OK
from petrec.rules.lists import Lists
from petrec.rules.observed import observed
from petrec.rules.registry import kind_column
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
) -> CompoundSelect[Any]:
    """Select the groups that are not ok or have a warning, and the number of all recordings.

    Both are of all recordings, or of those `within` a condition.
    """
    nothing, unknown = cast(null(), Text), cast(null(), Boolean)
    no_group = (nothing, nothing, unknown, unknown, unknown)
    total = select(*no_group, func.count(), nothing, nothing).select_from(schema.recordings)
    return union_all(
        _groups_query(schema, within, owners=owners and schema.compares_owners),
        total if within is None else total.where(within),
    )


def _groups_query(
    schema: Schema, within: ColumnElement[bool] | None, *, owners: bool
) -> Select[Any]:
    facts = observed(schema, lists=Lists.COUNTED, within=within, owners=owners)
    differs = [facts.source.c.petrec_owner_differs] if owners else []
    flags: list[ColumnElement[bool]] = [*facts.flags, *differs]
    least, most = extremes(facts.recording.id)
    counted = (func.count().label("size"), least.label("least"), most.label("most"))
    unusual = select(*flags, *counted).where(or_(~OK.sql(facts), *differs))
    groups = FactColumns(unusual.group_by(*flags).subquery("groups"))
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
    """Count everything in one statement; `owners` compares them, too, where the schema has them."""
    groups, total = [], 0
    for row in reader.execute(census_query(schema, within, owners=owners)):
        if row[0] is None:
            total = row[5]
        else:
            groups.append(FlagGroup(*row))
    usual = total - sum(group.size for group in groups)
    return Census([FlagGroup(OK.id, None, True, False, False, usual, None, None), *groups])


def extremes(
    recording_id: ColumnElement[Any],
) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    """Return the aggregates of the first and the last id as text, as examples without a sort."""
    text = collate(cast(recording_id, Text), "C")
    return func.min(text), func.max(text)
