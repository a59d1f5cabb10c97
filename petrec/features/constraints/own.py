"""What a rollback takes away: what bears petrec's names and is what petrec makes, valid or not."""

from collections.abc import Iterator
from typing import Any

from petrec.features.constraints.catalog import Found
from petrec.features.constraints.objects import Item
from petrec.features.constraints.result import ObjectState, Presence
from petrec.features.constraints.status import (
    carrying_check,
    index_serves,
    judge_item,
    key_links,
    on_delete_of,
)
from petrec.settings import Mapping


def own_state(found: Found, mapping: Mapping, item: Item) -> ObjectState:
    """Return PRESENT or INVALID for what a rollback drops, and MISSING for what it leaves."""
    presences = {"index": _index, "foreign key": _key, "not null": _not_null}
    if item.kind not in presences:
        return judge_item(found, mapping, item)
    presence = presences[item.kind](found, mapping, item)
    actual = item.name if presence is not Presence.MISSING else ""
    return ObjectState(
        item.name, item.group, mapping.table(item.table), item.kind, presence, actual
    )


def _index(found: Found, mapping: Mapping, item: Item) -> Presence:
    return _presence(
        each
        for each in _named(found.indexes, mapping, item)
        if each.attachable
        and not each.building
        and index_serves(mapping, item, each)
        and each.attached_to is None
    )


def _key(found: Found, mapping: Mapping, item: Item) -> Presence:
    return _presence(
        each
        for each in _named(found.constraints, mapping, item)
        if key_links(found, mapping, item, each)
        and on_delete_of(each) == item.on_delete
        and not each.attached
    )


def _named(objects: list[Any], mapping: Mapping, item: Item) -> Iterator[Any]:
    place = (mapping.table(item.table), item.name)
    return (each for each in objects if (each.table, each.name) == place)


def _not_null(found: Found, mapping: Mapping, item: Item) -> Presence:
    """NOT NULL bears no name before version 18; the check that carries it in may be left."""
    column = found.columns.get(
        (mapping.table(item.table), mapping.column(item.table, item.columns[0]))
    )
    if column is not None and column.required and not found.pinned:
        return Presence.PRESENT
    left = carrying_check(found, mapping, item)
    return Presence.INVALID if left is not None else Presence.MISSING


def why_left(found: Found, item: Item) -> str:
    """Return why a rollback leaves an object that is there under petrec's name."""
    if item.kind == "not null":
        return f"{item.columns[0]} cannot lose it: {found.pinned}"
    return "it is part of one of the table above" if item.kind in {"index", "foreign key"} else ""


def _presence(objects: Any) -> Presence:
    held = next(iter(objects), None)
    if held is None:
        return Presence.MISSING
    return Presence.PRESENT if held.valid else Presence.INVALID
