"""Names that a step would give in a partition, and that something else bears there already."""

from collections.abc import Iterable, Iterator

from petrec.features.constraints.partitions import Partitioned
from petrec.features.constraints.result import Presence, Problem
from petrec.features.constraints.status import check_name
from petrec.features.constraints.steps import Maker


def find_taken(makers: Iterable[Maker]) -> Iterator[Problem]:
    """Return each name that stands in the way below the table of an object still to come."""
    for maker in makers:
        for part, name in _taken(maker):
            reason = f"at partition {part}, {maker.names.quote(name)} is the name of something else"
            yield Problem(maker.item.name, reason, "rename or drop it")


def _taken(maker: Maker) -> Iterator[tuple[str, str]]:
    if maker.by_parts:
        yield from Partitioned(maker).in_the_way()
    elif maker.item.kind == "not null" and maker.state.presence is Presence.MISSING:
        yield from _demands(maker)


def _demands(maker: Maker) -> Iterator[tuple[str, str]]:
    """Return constraints with which the server would not merge the one of the table."""
    name = check_name(maker.names.mapping.table(maker.item.table))
    column = maker.names.mapping.column(maker.item.table, maker.item.columns[0])
    below = {part.oid: part for part in maker.parts[1:]}
    for each in maker.found.all_constraints:
        if each.table_oid not in below:
            continue
        alike = list(each.columns) == [column] and not each.local
        merged = alike and (each.type == "n" if maker.found.version >= 18 else each.demands_value)
        stubborn = each.type == "n" and list(each.columns) == [column] and each.local
        if (each.name == name and not merged) or stubborn:
            yield maker.part_name(below[each.table_oid]), each.name
