"""What would stop a step of the plan, told by the catalog before the first statement."""

from collections.abc import Iterable, Iterator
from typing import Any

from petrec.features.constraints.catalog import Found
from petrec.features.constraints.objects import GROUPS, Item, Names, items
from petrec.features.constraints.result import Problem, Step


def find_problems(found: Found, names: Names, wanted: Iterable[Item]) -> Iterator[Problem]:
    """Return what the server would refuse of the objects still to come, whoever asks it."""
    for item in wanted:
        if item.kind == "column":
            yield from _partition(found, names, item)
        parent = found.tables.get(names.mapping.table(item.parent)) if item.parent else None
        if item.kind != "foreign key" or parent is None:
            continue
        yield from _unlogged(found, names, item, parent)
        yield from _not_unique(found, names, item, parent)
        yield from _types_differ(found, names, item)


def _partition(found: Found, names: Names, item: Item) -> Iterator[Problem]:
    table = found.tables.get(names.mapping.table(item.table))
    if table is not None and table.partition:
        reason = f"{names.table(item.table)} is a partition, which cannot get a column of its own"
        yield Problem(item.name, reason, "map recordings to the table above, or name other groups")


def find_missing_privileges(found: Found, names: Names, steps: Iterable[Step]) -> list[Problem]:
    """Return what the role of this session may not do that the steps need."""
    steps = list(steps)
    standby = Problem("", "this server is a standby", "connect to the primary")
    missing = [
        *([standby] if found.role.standby and steps else []),
        *_not_owned(found, names, steps),
        *_not_referable(found, names, steps),
        *_types_closed(found, names, steps),
    ]
    creates = any(step.sql.startswith(("CREATE INDEX", "CREATE TABLE")) for step in steps)
    if creates and not found.role.creates:
        schema, role = names.quote(names.mapping.schema), found.role.role
        reason = f"role {role} may not create in schema {schema}"
        missing.append(Problem("", reason, f"GRANT CREATE ON SCHEMA {schema} TO {role};"))
    return missing


def _unlogged(found: Found, names: Names, item: Item, parent: Any) -> Iterator[Problem]:
    child = found.tables.get(names.mapping.table(item.table))
    if parent.persistence == "u" and (child is None or child.persistence == "p"):
        table, other = names.table(item.table), names.table(item.parent)
        reason = f"{table} is logged and cannot refer to {other}, which is unlogged"
        yield Problem(item.name, reason, f"ALTER TABLE {other} SET LOGGED; it writes all rows anew")


def _not_unique(found: Found, names: Names, item: Item, parent: Any) -> Iterator[Problem]:
    wanted = {names.mapping.column(item.parent, column) for column in item.parent_columns}
    unique = [
        index
        for index in found.indexes
        if index.table_oid == parent.oid
        and index.unique
        and set(index.columns[: index.keys]) == wanted
    ]
    if any(index.immediate and index.valid for index in unique):
        return
    columns, table = names.columns(item.parent, item.parent_columns), names.table(item.parent)
    if unique:
        state = "not valid" if unique[0].immediate else "deferrable, and cannot be referred to"
        reason = f"{unique[0].name}, which makes {columns} of {table} unique, is {state}"
    else:
        reason = f"nothing makes {columns} of {table} unique"
    fix = f"ALTER TABLE {table} ADD UNIQUE ({columns}); duplicates must be deleted first"
    yield Problem(item.name, reason, fix)


def _types_differ(found: Found, names: Names, item: Item) -> Iterator[Problem]:
    mapping = names.mapping
    for own, other in zip(item.columns, item.parent_columns, strict=True):
        pair = (
            mapping.table(item.table), mapping.column(item.table, own),
            mapping.table(item.parent), mapping.column(item.parent, other),
        )  # fmt: skip
        for each in found.unlike:
            if (each.child, each.own, each.parent, each.other) == pair:
                mine, theirs = names.column(item.table, own), names.column(item.parent, other)
                reason = (
                    f"{names.table(item.table)}.{mine} is {each.type},"
                    f" {names.table(item.parent)}.{theirs} is {each.parent_type}"
                )
                yield Problem(item.name, reason, "give both columns one type")


def _not_owned(found: Found, names: Names, steps: list[Step]) -> Iterator[Problem]:
    """What is altered is altered in its partitions, too; what is dropped goes with the table's."""
    tables = {names.in_schema(table.name): table for table in found.tables.values()}
    parts = {f"{names.quote(p.schema)}.{names.quote(p.name)}": p for p in found.parts}
    asked: dict[str, Step] = {}
    for step in steps:
        below = step.locks[1:] if step.sql.startswith("ALTER TABLE") else ()
        locked = [*step.locks[:1], *(lock for lock in below if lock.table in parts)]
        asked |= {lock.table: step for lock in locked}
    for name, step in asked.items():
        table, role = tables.get(name, parts.get(name)), found.role.role
        if table is not None and not table.owned:
            reason = f"{name} belongs to {table.owner}, and role {role} is no member of it"
            yield Problem(step.object, reason, f"GRANT {names.quote(table.owner)} TO {role};")
        if name in parts:
            yield from _schema_closed(found, names, parts[name], steps)


def _schema_closed(found: Found, names: Names, part: Any, steps: list[Step]) -> Iterator[Problem]:
    if part.schema == names.mapping.schema:
        return
    schema, role = names.quote(part.schema), found.role.role
    name = f"{schema}.{names.quote(part.name)}"
    builds = [step for step in steps if step.sql.startswith("CREATE INDEX")]
    creates = any(lock.table == name for step in builds for lock in step.locks[:1])
    for privilege, held in (("USAGE", part.usable), ("CREATE", part.creatable or not creates)):
        if not held:
            reason = f"role {role} has no {privilege} on schema {schema}"
            yield Problem("", reason, f"GRANT {privilege} ON SCHEMA {schema} TO {role};")


def _types_closed(found: Found, names: Names, steps: list[Step]) -> Iterator[Problem]:
    """Return types that the visits table takes from the tables that there are."""
    mapping, role = names.mapping, found.role.role
    if not any(step.sql.startswith("CREATE TABLE") for step in steps):
        return
    for table in ("recordings", "pets", "appointments", "users"):
        column = found.columns.get((mapping.table(table), mapping.column(table, "id")))
        if column is not None and not column.usable:
            reason = f"role {role} has no USAGE on type {column.type}"
            yield Problem("visits", reason, f"GRANT USAGE ON TYPE {column.type} TO {role};")


def _not_referable(found: Found, names: Names, steps: list[Step]) -> Iterator[Problem]:
    mapping, role = names.mapping, found.role.role
    adding = {step.object for step in steps if " FOREIGN KEY " in step.sql}
    for item in items(GROUPS, "CASCADE"):
        if item.name not in adding:
            continue
        keys = [(mapping.table(item.parent), mapping.column(item.parent, c))
                for c in item.parent_columns]  # fmt: skip
        if any(key in found.columns and not found.columns[key].referable for key in keys):
            name = names.table(item.parent)
            reason = f"role {role} may not refer to {name}"
            yield Problem(item.name, reason, f"GRANT REFERENCES ON {name} TO {role};")
