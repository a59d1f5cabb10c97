"""Which of the guide's objects are there, judged from the catalog and from nothing else."""

from collections.abc import Iterator
from typing import Any

from msgspec.structs import replace

from petrec.features.constraints.bytes import cut, joined
from petrec.features.constraints.catalog import Found
from petrec.features.constraints.objects import Item, items
from petrec.features.constraints.result import ConstraintsStatus, ObjectState, Presence
from petrec.settings import LOGICAL_COLUMNS, Mapping

ON_DELETE = {"a": "NO ACTION", "r": "RESTRICT", "c": "CASCADE", "n": "SET NULL", "d": "SET DEFAULT"}
_Verdict = tuple[Presence, str, str]


def judge(
    found: Found,
    mapping: Mapping,
    groups: tuple[str, ...],
    on_delete: str,
    keep: tuple[str, ...] = (),
) -> ConstraintsStatus:
    """Return of each object whether it is there; what is to be kept is in nobody's way."""
    wanted = items(groups, on_delete)
    notes = () if "visits" in groups else ("the group visits is left out: no visit_id, no index",)
    states = (judge_item(found, mapping, item) for item in wanted)
    return ConstraintsStatus(tuple(_kept(state, keep) for state in states), notes)


def _kept(state: ObjectState, keep: tuple[str, ...]) -> ObjectState:
    if state.presence is not Presence.IN_THE_WAY or state.name not in keep:
        return state
    return replace(state, presence=Presence.LEFT_OUT, detail=f"kept: {state.detail}")


def check_name(table: str) -> str:
    """Return the name of the constraint through which NOT NULL is brought in."""
    return joined(table[:40], "_pet_id_not_null")


def carrying_check(found: Found, mapping: Mapping, item: Item) -> Any:
    """Return the check that carries NOT NULL in before version 18; None where there is none.

    It may bear the name that the server once cut from one of more than 63 bytes.
    """
    table, columns = _physical(mapping, item)
    names = {check_name(table), cut(f"{table[:40]}_pet_id_not_null")}
    held = (
        c for c in found.constraints if c.table == table and c.name in names and not c.inherited
    )
    return next((c for c in held if c.demands_value and list(c.columns) == columns), None)


def judge_item(found: Found, mapping: Mapping, item: Item) -> ObjectState:
    """Return the state of one object."""
    judges = {
        "table": _table,
        "column": _column,
        "not null": _not_null,
        "foreign key": _foreign_key,
        "index": _index,
    }
    table = mapping.table(item.table)
    presence, actual, detail = _left_out(found, mapping, item) or judges[item.kind](
        found, mapping, item
    )
    return ObjectState(item.name, item.group, table, item.kind, presence, actual, detail)


def _left_out(found: Found, mapping: Mapping, item: Item) -> _Verdict | None:
    """Return LEFT_OUT if a required table or column is missing and no step will create it."""
    if item.kind == "table":
        return _ignored(mapping, (item.table,))
    if found_ignored := _ignored(mapping, (item.table, item.parent)):
        return found_ignored
    for table, columns in ((item.table, item.columns), (item.parent, item.parent_columns)):
        for reason in _lacking(found, mapping, item, table, columns) if table else ():
            return Presence.LEFT_OUT, "", reason
    return None


def _ignored(mapping: Mapping, tables: tuple[str, ...]) -> _Verdict | None:
    named = next((table for table in tables if table in mapping.ignore), None)
    return None if named is None else (Presence.LEFT_OUT, "", f"[mapping] ignore names {named}")


def _lacking(
    found: Found, mapping: Mapping, item: Item, table: str, columns: tuple[str, ...]
) -> Iterator[str]:
    """Return what an object needs of a table and what neither the host nor a step provides."""
    name, made_here = mapping.table(table), item.group == "visits"
    if name not in found.tables:
        if not (table == "visits" and made_here) or name in found.relations:
            yield f"there is no table {name}"
        return
    for logical in columns:
        column = mapping.column(table, logical)
        held = found.columns.get((name, column))
        if f"{table}.{logical}" in mapping.ignore:
            yield f"[mapping] ignore names {table}.{logical}"
        elif held is None and not (
            made_here and logical == "visit_id" and _has_visits(found, mapping)
        ):
            yield f"there is no column {column}"
        elif held is not None and held.virtual and item.kind != "not null":
            yield f"{column} is a virtual generated column, which cannot be indexed or refer"


def _has_visits(found: Found, mapping: Mapping) -> bool:
    """Return whether there is a visits table to refer to, or a step will make it."""
    name = mapping.table("visits")
    if "visits" in mapping.ignore:
        return False
    if name not in found.tables:
        return name not in found.relations
    return (name, mapping.column("visits", "id")) in found.columns


def _physical(mapping: Mapping, item: Item) -> tuple[str, list[str]]:
    names = [mapping.column(item.table, column) for column in item.columns]
    return mapping.table(item.table), names


def _table(found: Found, mapping: Mapping, item: Item) -> _Verdict:
    name = mapping.table(item.table)
    if name not in found.tables:
        if name in found.relations:
            return Presence.IN_THE_WAY, "", f"{name} is not a table"
        return Presence.MISSING, "", ""
    wanted = (mapping.column(item.table, column) for column in sorted(LOGICAL_COLUMNS["visits"]))
    lacking = [column for column in wanted if (name, column) not in found.columns]
    if lacking:
        return Presence.IN_THE_WAY, "", f"it has no {', '.join(lacking)}"
    return Presence.PRESENT, "", ""


def _column(found: Found, mapping: Mapping, item: Item) -> _Verdict:
    table, (column,) = _physical(mapping, item)
    present = (table, column) in found.columns
    return (Presence.PRESENT if present else Presence.MISSING), "", ""


def _not_null(found: Found, mapping: Mapping, item: Item) -> _Verdict:
    """The attribute alone does not say that every row was checked."""
    table, columns = _physical(mapping, item)
    held = [
        c for c in found.constraints if (c.table, c.type, list(c.columns)) == (table, "n", columns)
    ]
    pending = next((c for c in held if not c.valid), None)
    if pending is not None:
        return Presence.INVALID, pending.name, "NOT NULL is not validated"
    check = carrying_check(found, mapping, item)
    if check is not None:
        required = found.columns[table, columns[0]].required
        return (
            Presence.INVALID,
            check.name,
            "its check is still to be dropped" if required else "under way",
        )
    if found.columns[table, columns[0]].required:
        return Presence.PRESENT, "", ""
    return _taken(_same_name(found.constraints, table, check_name(table)))


def _foreign_key(found: Found, mapping: Mapping, item: Item) -> _Verdict:
    table = mapping.table(item.table)
    matching = [
        c for c in found.constraints if c.table == table and key_links(found, mapping, item, c)
    ]
    same = [c for c in matching if _acts(c, item)]
    best = max(same, key=lambda c: (c.valid, c.name == item.name), default=None)
    if best is not None:
        return _present(item, best)
    taken = _same_name(found.constraints, table, item.name) or next(iter(matching), None)
    return _taken(taken)


def key_links(found: Found, mapping: Mapping, item: Item, constraint: Any) -> bool:
    """Return whether it is a key of these columns to this very table, not to one of its name."""
    parent = found.tables.get(mapping.table(item.parent))
    if constraint.type != "f" or parent is None or constraint.parent_oid != parent.oid:
        return False
    _, columns = _physical(mapping, item)
    referenced = [mapping.column(item.parent, column) for column in item.parent_columns]
    return sorted(zip(columns, referenced, strict=True)) == sorted(
        zip(constraint.columns, constraint.parent_columns, strict=True)
    )


def _acts(constraint: Any, item: Item) -> bool:
    return constraint.enforced and on_delete_of(constraint) == item.on_delete


def on_delete_of(constraint: Any) -> str:
    """Return what a foreign key does where the row is deleted that it refers to."""
    return ON_DELETE[constraint.on_delete]


def keys_of_part(found: Found, mapping: Mapping, item: Item, oid: int) -> list[Any]:
    """Return the foreign keys of a partition that are what the item asks for, valid ones first."""
    of_part = [c for c in found.all_constraints if c.table_oid == oid]
    return sorted(
        (c for c in of_part if key_links(found, mapping, item, c) and _acts(c, item)),
        key=lambda c: not c.valid,
    )


def indexes_of_part(found: Found, mapping: Mapping, item: Item, oid: int) -> list[Any]:
    """Return the indexes of a partition that the table's can take over, valid ones first."""
    of_part = [i for i in found.all_indexes if i.table_oid == oid and i.attachable]
    return sorted((i for i in of_part if index_serves(mapping, item, i)), key=lambda i: not i.valid)


def _index(found: Found, mapping: Mapping, item: Item) -> _Verdict:
    table = mapping.table(item.table)
    same = [i for i in found.indexes if i.table == table and index_serves(mapping, item, i)]
    usable = [i for i in same if i.valid or i.name == item.name or i.building]
    best = max(usable, key=lambda i: (i.valid, i.name == item.name), default=None)
    if best is None:
        taken = next((i for i in found.indexes if i.name == item.name), None)
        if taken is None and item.name in found.relations:
            return Presence.IN_THE_WAY, "", "another relation bears its name"
        return _taken(taken)
    if best.building:
        return Presence.BEING_BUILT, best.name, "another session is building it"
    return _present(item, best)


def index_serves(mapping: Mapping, item: Item, index: Any) -> bool:
    """Return whether an index has the columns and the condition that are asked for."""
    _, columns = _physical(mapping, item)
    if not index.plain or list(index.columns) != columns:
        return False
    return bool(index.where_given if item.partial else index.whole)


def _present(item: Item, best: Any) -> _Verdict:
    if not best.valid:
        return Presence.INVALID, best.name, "not valid"
    if best.name == item.name:
        return Presence.PRESENT, best.name, ""
    return Presence.EQUIVALENT, best.name, f"as {best.name}"


def _taken(taken: Any) -> _Verdict:
    if taken is None:
        return Presence.MISSING, "", ""
    if not getattr(taken, "enforced", True):
        detail = f"{taken.name} is there but not enforced; enable its triggers, or drop it"
        return Presence.IN_THE_WAY, taken.name, detail
    return Presence.IN_THE_WAY, taken.name, f"{taken.name} is: {taken.definition}"


def _same_name(constraints: list[Any], table: str, name: str) -> Any:
    return next((c for c in constraints if (c.table, c.name) == (table, name)), None)
