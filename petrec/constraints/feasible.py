"""What would stop a step of the plan, told by the catalog before the first statement."""

from collections.abc import Iterable, Iterator
from typing import Any

from petrec.constraints.catalog import Found
from petrec.constraints.objects import Item, Names
from petrec.results.constraints import Problem, Step

# Types of two families are never equal; what is in none of these is left to the server.
_FAMILIES = (
    frozenset({"smallint", "integer", "bigint", "numeric"}),
    frozenset({"text", "character varying", "character", "bpchar"}),
    frozenset({"uuid"}),
)


def find_problems(found: Found, names: Names, wanted: Iterable[Item]) -> Iterator[Problem]:
    """Return what the server would refuse of the objects still to come, whoever asks it."""
    for item in wanted:
        parent = found.tables.get(names.mapping.table(item.parent)) if item.parent else None
        if item.kind != "foreign key" or parent is None:
            continue
        yield from _unlogged(found, names, item, parent)
        yield from _not_unique(found, names, item, parent)
        yield from _types_differ(found, names, item)


def find_missing_privileges(found: Found, names: Names, steps: Iterable[Step]) -> list[Problem]:
    """Return what the role of this session may not do that the steps need."""
    steps = list(steps)
    missing = [
        *_not_owned(found, names, {lock.table: step for step in steps for lock in step.locks[:1]}),
        *_not_referable(found, names, steps),
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
        one = found.columns.get((mapping.table(item.table), mapping.column(item.table, own)))
        two = found.columns.get((mapping.table(item.parent), mapping.column(item.parent, other)))
        if one is not None and two is not None and _never_equal(one.type, two.type):
            mine, theirs = names.column(item.table, own), names.column(item.parent, other)
            reason = (
                f"{names.table(item.table)}.{mine} is {one.type},"
                f" {names.table(item.parent)}.{theirs} is {two.type}"
            )
            yield Problem(item.name, reason, "give both columns one type")


def _never_equal(one: str, other: str) -> bool:
    families = [family for family in _FAMILIES for name in (one, other) if name in family]
    return len(families) == 2 and families[0] != families[1]


def _not_owned(found: Found, names: Names, asked: dict[str, Step]) -> Iterator[Problem]:
    schema = names.mapping.schema
    tables = {names.in_schema(table.name): table for table in found.tables.values()}
    for part in found.parts:
        tables[f"{names.quote(part.schema)}.{names.quote(part.name)}"] = part
    for name, step in asked.items():
        table, role = tables.get(name), found.role.role
        if table is not None and not table.owned:
            reason = f"{name} belongs to {table.owner}, and role {role} is no member of it"
            yield Problem(step.object, reason, f"GRANT {names.quote(table.owner)} TO {role};")
        if table is not None and getattr(table, "schema", schema) != schema and not table.creatable:
            other = names.quote(table.schema)
            reason = f"role {role} may not create in schema {other}"
            yield Problem(step.object, reason, f"GRANT CREATE ON SCHEMA {other} TO {role};")


def _not_referable(found: Found, names: Names, steps: list[Step]) -> Iterator[Problem]:
    tables = {names.in_schema(table.name): table for table in found.tables.values()}
    keys = [step for step in steps if " FOREIGN KEY " in step.sql]
    parents = {lock.table: step for step in keys for lock in step.locks[1:]}
    for name, step in parents.items():
        table, role = tables.get(name), found.role.role
        if table is not None and not table.referable:
            reason = f"role {role} may not refer to {name}"
            yield Problem(step.object, reason, f"GRANT REFERENCES ON {name} TO {role};")
