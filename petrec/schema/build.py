"""The schema from a mapping and the catalog."""

from collections.abc import Mapping as MappingType

from sqlalchemy import Boolean, Column, MetaData, Table, literal_column, select, text
from sqlalchemy.sql.selectable import NamedFromClause

from petrec.schema.columns import PgType
from petrec.schema.tables import Proofs, Schema, Tables, TableShape
from petrec.settings import LOGICAL_COLUMNS, REQUIRED_COLUMNS, Mapping

# Columns that every table has; a filtered selection passes them on, but not among its columns.
SYSTEM_COLUMNS = "tableoid, ctid, xmin"


def build_schema(
    mapping: Mapping,
    shapes: MappingType[str, TableShape],
    proofs: Proofs | None = None,
    *,
    links_follow_appointments: bool = False,
    remarks: tuple[str, ...] = (),
) -> Schema:
    """Build the Core tables from the mapping and the shapes found (by logical table name)."""
    found = {name: _table(mapping, name, shape) for name, shape in shapes.items()}
    rows = {name: _rows(table, name, mapping.where.get(name)) for name, table in found.items()}
    tables = Tables(
        recordings=found["recordings"],
        pets=found["pets"],
        appointments=found["appointments"],
        links=found["appointment_pets"],
        visits=found.get("visits"),
        api_logs=found.get("api_logs"),
    )
    rest = [c.key for c in tables.recordings.primary_key if c.key != "id"]
    return Schema(
        tables=tables,
        recordings=rows["recordings"],
        pets=rows["pets"],
        appointments=rows["appointments"],
        links=rows["appointment_pets"],
        visits=rows.get("visits") if "visit_id" in tables.recordings.c else None,
        users=rows.get("users"),
        pet_owners=rows.get("pet_owners"),
        kept_visits=rows.get("visits"),
        key=("id", *rest),
        proofs=proofs or Proofs(),
        links_follow_appointments=links_follow_appointments,
        filtered=frozenset(mapping.where),
        remarks=remarks,
    )


def _rows(table: Table, name: str, condition: str | None) -> NamedFromClause:
    """Return the table's rows for which the condition holds, under petrec's own name."""
    if condition is None:
        return table.alias(name)
    holds = literal_column(f"({condition})", Boolean)
    kept = select(*table.c, text(SYSTEM_COLUMNS)).where(holds).correlate(None)
    return kept.subquery(name)


def _table(mapping: Mapping, name: str, shape: TableShape) -> Table:
    """Build a table; each has its own metadata, so that two may be the same in the database."""
    logical = _logical(mapping, name)
    columns = [
        Column(
            physical,
            PgType(
                type_name,
                shape.bases.get(physical, ""),
                is_enum=physical in shape.enums,
                collation=shape.collations.get(physical, ""),
            ),
            key=_key(physical, logical, name),
            primary_key=physical in shape.primary_key,
            quote=None,
        )
        for physical, type_name in shape.columns.items()
    ]
    return Table(mapping.table(name), MetaData(schema=mapping.schema), *columns)


def _logical(mapping: Mapping, name: str) -> dict[str, str]:
    """Return physical to logical names; required and configured names take precedence."""
    configured = mapping.columns.get(name, {})
    defaults = sorted(LOGICAL_COLUMNS[name])
    ignored = {column for column in defaults if f"{name}.{column}" in mapping.ignore}
    found = {mapping.column(name, c): c for c in defaults if c not in ignored}
    found |= {mapping.column(name, column): column for column in sorted(REQUIRED_COLUMNS[name])}
    return found | {physical: column for column, physical in sorted(configured.items())}


def _key(physical: str, logical: MappingType[str, str], table: str) -> str:
    """Return the logical name; an unmapped or ignored column with such a name gets a suffix."""
    if physical in logical:
        return logical[physical]
    return f"{physical} (unmapped)" if physical in LOGICAL_COLUMNS[table] else physical
