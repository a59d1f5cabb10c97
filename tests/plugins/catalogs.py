"""Catalogs of the constraints, row by row, for tests that need no server."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from petrec.features.constraints.catalog.read import Catalog
from petrec.features.constraints.catalog.rows import (
    ColumnRow,
    ConstraintRow,
    IndexRow,
    Part,
    RoleRow,
    TableRow,
)
from petrec.features.constraints.objects.base import Object
from petrec.features.constraints.objects.guide import object_of
from petrec.features.constraints.specs import GROUPS, specs
from petrec.settings import Mapping

COLUMNS = {
    "recordings": ("id", "pet_id", "appointment_id", "status", "created_at"),
    "pets": ("id", "owner_id"),
    "appointments": ("id", "pet_owner_id"),
    "appointment_pets": ("appointment_id", "pet_id"),
}
ME = RoleRow("me", standby=False, creates=True, readers=[], superusers=[])


def table(name: str, **more: Any) -> TableRow:
    values: dict[str, Any] = {
        "oid": sum(name.encode()), "relkind": "r", "rows": 1000, "bytes": 80_000,
        "persistence": "p", "partition": False, "owned": True, "owner": "me", "rules": False,
    }  # fmt: skip
    return TableRow(name, **(values | more))


def column(table: str, name: str, **more: Any) -> ColumnRow:
    values: dict[str, Any] = {
        "required": False, "type": "uuid", "usable": True, "virtual": False, "referable": True,
        "readable": True, "width": 16,
    }  # fmt: skip
    return ColumnRow(table, name, **(values | more))


def index(name: str, *columns: str, **more: Any) -> IndexRow:
    values: dict[str, Any] = {
        "table": "recordings", "valid": True, "whole": True, "keys": len(columns),
        "unique": False, "immediate": True, "where_given": False, "definition": f"of {columns}",
        "oid": sum(name.encode()), "table_oid": 1, "schema": "public", "attached_to": None,
        "plain": True, "attachable": True, "building": False,
    }  # fmt: skip
    return IndexRow(name=name, columns=list(columns), **(values | more))


def constraint(name: str, *columns: str, **more: Any) -> ConstraintRow:
    values: dict[str, Any] = {
        "type": "c", "table": "recordings", "valid": True, "on_delete": "", "parent_oid": None,
        "attached": False, "inherited": False, "local": True, "demands_value": False,
        "enforced": True, "parent_columns": [], "definition": "as it is", "table_oid": 1,
        "oid": sum(name.encode()), "schema": "public",
    }  # fmt: skip
    return ConstraintRow(name=name, columns=list(columns), **(values | more))


def catalog(
    *rows: TableRow | ColumnRow | IndexRow | ConstraintRow,
    without: Iterable[str] = (),
    mapping: Mapping | None = None,
    version: int = 18,
    role: RoleRow = ME,
    pinned: str = "",
    relations: Iterable[str] = (),
) -> Catalog:
    """Return a clinic without visits: these rows come beside or instead of its own.

    `without` are tables, and columns as `table.column`; `relations` are names of what is no table.
    """
    held = {name: table(name) for name in COLUMNS}
    columns = {(name, each): column(name, each) for name in COLUMNS for each in COLUMNS[name]}
    for row in rows:
        if isinstance(row, TableRow):
            held[row.name] = row
        if isinstance(row, ColumnRow):
            columns[row.table, row.name] = row
    held = {name: row for name, row in held.items() if name not in without}
    return Catalog(
        mapping=mapping or Mapping(),
        version=version,
        tables=held,
        columns={k: v for k, v in columns.items() if k[0] in held and ".".join(k) not in without},
        all_constraints=[row for row in rows if isinstance(row, ConstraintRow)],
        all_indexes=[row for row in rows if isinstance(row, IndexRow)],
        relations=frozenset(("public", name) for name in (*held, *relations)),
        parts=[],
        role=role,
        pinned=pinned,
    )


def parted(
    schema: str = "public", *rows: ColumnRow | ConstraintRow | IndexRow, **more: Any
) -> Catalog:
    """Return the clinic with recordings in one partition, which is in a schema of its own."""
    values: dict[str, Any] = {
        "root": "recordings", "rows": 10, "bytes": 8192, "owned": True, "owner": "me",
        "usable": True, "creatable": True,
    }  # fmt: skip
    whole = Part(oid=1, parent=None, leaf=False, level=0, name="recordings", schema="public",
                 relkind="p", **values)  # fmt: skip
    part = Part(oid=2, parent=1, leaf=True, level=1, name="part", schema=schema, relkind="r",
                **(values | more))  # fmt: skip
    return replace(catalog(*rows), parts=[whole, part])


def branched(*rows: IndexRow | ConstraintRow, version: int = 18) -> Catalog:
    """Return recordings (1) with a partition (5), and two (3, 4) below a partition (2) of theirs.

    The OID of a table is its number, and its name as well, such as `part_3` in schema `parts`.
    """
    values: dict[str, Any] = {
        "root": "recordings", "owned": True, "owner": "me", "usable": True, "creatable": True,
    }  # fmt: skip
    parts = [
        Part(oid=oid, parent=parent, leaf=leaf, level=level, rows=10 * oid, bytes=8192 * oid,
             name=f"part_{oid}" if level else "recordings", schema="parts" if level else "public",
             relkind="r" if leaf else "p", **values)
        for oid, parent, level, leaf in (
            (1, None, 0, False), (2, 1, 1, False), (3, 2, 2, True), (4, 2, 2, True),
            (5, 1, 1, True),
        )
    ]  # fmt: skip
    return replace(catalog(*rows, version=version), parts=parts)


def the(name: str, of: Catalog, groups: tuple[str, ...] = GROUPS) -> Object:
    """Return an object of the guide by its name, as a catalog has it."""
    (spec,) = (each for each in specs(groups, "CASCADE") if each.name == name)
    return object_of(of, spec)
