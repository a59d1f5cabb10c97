"""Privileges that the steps need and the role of this session lacks."""

from collections.abc import Iterator

from petrec.features.constraints.catalog.read import Catalog
from petrec.features.constraints.catalog.rows import Part
from petrec.features.constraints.names import Name
from petrec.features.constraints.specs import GROUPS, specs
from petrec.features.constraints.state import Problem, Step
from petrec.features.constraints.statements.constraint import AddForeignKey
from petrec.features.constraints.statements.table import CreateTable


def find_missing_privileges(catalog: Catalog, steps: tuple[Step, ...]) -> tuple[Problem, ...]:
    """Return everything that stops this session from running the steps."""
    if not steps:
        return ()
    standby = Problem("", "this server is a standby", "connect to the primary")
    return (
        *([standby] if catalog.role.standby else []),
        *_not_owned(catalog, steps),
        *_not_referable(catalog, steps),
        *_types_closed(catalog, steps),
        *_may_not_create(catalog, steps),
    )


def _not_owned(catalog: Catalog, steps: tuple[Step, ...]) -> Iterator[Problem]:
    """Return tables whose owner the role is not; ALTER also needs the owner of each partition."""
    tables = {catalog.names.in_schema(table.name): table for table in catalog.tables.values()}
    parts = {part.qualified: part for part in catalog.parts}
    asked = {name: step for step in steps for name in step.statement.owned}
    creating = {step.statement.table for step in steps if step.statement.creates}
    for name, step in asked.items():
        table, role = tables.get(name, parts.get(name)), catalog.role.role
        if table is not None and not table.owned:
            reason = f"{name} belongs to {table.owner}, and role {role} is not a member of it"
            yield Problem(step.object, reason, _to_own(catalog, table.owner))
        if name in parts:
            yield from _schema_closed(catalog, parts[name], creating=name in creating)


def _to_own(catalog: Catalog, owner: str) -> str:
    """Return what lets the role work as the owner; membership in a superuser is no advice."""
    if owner in catalog.role.superusers:
        return f"run the command as {Name(owner)}: it is a superuser, so do not grant it"
    return f"GRANT {Name(owner)} TO {catalog.role.role};"


def _schema_closed(catalog: Catalog, part: Part, *, creating: bool) -> Iterator[Problem]:
    if part.schema == catalog.mapping.schema:
        return
    schema, role = Name(part.schema), catalog.role.role
    creatable = part.creatable or not creating
    for privilege, held in (("USAGE", part.usable), ("CREATE", creatable)):
        if not held:
            reason = f"role {role} has no {privilege} on schema {schema}"
            yield Problem("", reason, f"GRANT {privilege} ON SCHEMA {schema} TO {role};")


def _not_referable(catalog: Catalog, steps: tuple[Step, ...]) -> Iterator[Problem]:
    role = catalog.role.role
    adding = {step.object for step in steps if isinstance(step.statement, AddForeignKey)}
    for spec in specs(GROUPS, "CASCADE"):
        if spec.name not in adding:
            continue
        found = [catalog.column(spec.parent, column) for column in spec.parent_columns]
        if any(column is not None and not column.referable for column in found):
            name = catalog.names.table(spec.parent)
            reason = f"role {role} may not reference {name}"
            yield Problem(spec.name, reason, f"GRANT REFERENCES ON {name} TO {role};")


def _types_closed(catalog: Catalog, steps: tuple[Step, ...]) -> Iterator[Problem]:
    """Return types that the visits table takes from existing tables, without USAGE."""
    role = catalog.role.role
    if not any(isinstance(step.statement, CreateTable) for step in steps):
        return
    for table in ("recordings", "pets", "appointments", "users"):
        column = catalog.column(table, "id")
        if column is not None and not column.usable:
            reason = f"role {role} has no USAGE on type {column.type}"
            yield Problem("visits", reason, f"GRANT USAGE ON TYPE {column.type} TO {role};")


def _may_not_create(catalog: Catalog, steps: tuple[Step, ...]) -> Iterator[Problem]:
    if any(step.statement.creates for step in steps) and not catalog.role.creates:
        schema, role = Name(catalog.mapping.schema), catalog.role.role
        reason = f"role {role} may not create objects in schema {schema}"
        yield Problem("", reason, f"GRANT CREATE ON SCHEMA {schema} TO {role};")
