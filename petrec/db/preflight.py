"""Checks before any work: one clear message with its fix where the database does not fit."""

import difflib
from collections.abc import Mapping as MappingType
from collections.abc import Sequence

from sqlalchemy import Connection, text

from petrec.db.catalog import (
    CatalogTable,
    other_relation,
    read_foreign_keys,
    read_tables,
    table_names,
)
from petrec.db.proofs import Claims, read_proofs
from petrec.errors import PermissionMissingError, SchemaMismatchError
from petrec.schema import Schema, TableShape, build_schema
from petrec.settings import LOGICAL_COLUMNS, OPTIONAL_TABLES, REQUIRED_COLUMNS, Mapping

# Ids compared with each other must be of one family; PostgreSQL would refuse, or petrec guess.
_FAMILIES = (
    frozenset({"smallint", "integer", "bigint"}),
    frozenset({"text", "character varying", "bpchar"}),
)
_REFERENCES = (
    ("recordings", "pet_id", "pets"),
    ("recordings", "appointment_id", "appointments"),
    ("recordings", "visit_id", "visits"),
    ("appointment_pets", "pet_id", "pets"),
    ("appointment_pets", "appointment_id", "appointments"),
    ("visits", "pet_id", "pets"),
    ("visits", "appointment_id", "appointments"),
)

Tables = MappingType[str, CatalogTable]


def load_schema(connection: Connection, mapping: Mapping, *, trusted: bool = False) -> Schema:
    """Return the mapped schema; errors: SchemaMismatchError, PermissionMissingError.

    Only what reads may have the foreign keys `trusted`: what is written is judged by rows.
    """
    physical = {mapping.table(name): name for name in LOGICAL_COLUMNS}
    found = read_tables(connection, mapping.schema, physical)
    tables = {physical[name]: table for name, table in found.items()}
    for name in LOGICAL_COLUMNS:
        _check_table(connection, mapping, tables, name)
    usable = {name: table for name, table in tables.items() if _is_usable(mapping, name, table)}
    for name, table in usable.items():
        _check_privileges(connection, mapping, name, table)
    _check_types(mapping, usable)
    shapes = {name: _shape(table) for name, table in usable.items()}
    keys = read_foreign_keys(connection, [table.oid for table in usable.values()])
    claims = Claims(mapping, usable, keys)
    return build_schema(
        mapping,
        shapes,
        read_proofs(claims, trusted=trusted),
        links_follow_appointments=claims.links_follow_appointments(),
    )


def _check_table(connection: Connection, mapping: Mapping, tables: Tables, name: str) -> None:
    table = tables.get(name)
    if table is None:
        if name not in OPTIONAL_TABLES:
            raise _missing_table(connection, mapping, name)
        return
    present = table.columns
    for logical in sorted(REQUIRED_COLUMNS[name]):
        column = mapping.column(name, logical)
        if column not in present and name not in OPTIONAL_TABLES:
            raise SchemaMismatchError(
                f"table {_label(mapping, name)} has no column {column!r}",
                hint=_suggest(column, present, f"[mapping.columns.{name}] {logical}"),
            )
    _check_identity(mapping, name, table)


def _check_identity(mapping: Mapping, name: str, table: CatalogTable) -> None:
    """Ids must be unique, or a join would count a recording twice."""
    if "id" not in REQUIRED_COLUMNS[name] or name == "users":
        return
    column = mapping.column(name, "id")
    if table.inherited:
        raise SchemaMismatchError(
            f"other tables inherit from {_label(mapping, name)}, so its {column} is not unique",
            hint="petrec reads partitions, but not tables joined by INHERITS",
        )
    # The key of a partitioned table must hold the partition key, too.
    in_key = name == "recordings" and column in table.primary_key
    if not in_key and not table.identified_by(column):
        raise SchemaMismatchError(
            f"nothing makes {_label(mapping, name)}.{column} unique",
            hint=f"petrec identifies rows by it: add a primary key on {column!r}",
        )


def _is_usable(mapping: Mapping, name: str, table: CatalogTable) -> bool:
    """An optional table counts as absent where it is another table of the same name."""
    required = {mapping.column(name, column) for column in REQUIRED_COLUMNS[name]}
    if not required <= table.columns.keys():
        return False
    return name not in {"api_logs", "users"} or all(table.columns[c].readable for c in required)


def _check_privileges(
    connection: Connection, mapping: Mapping, name: str, table: CatalogTable
) -> None:
    required = [mapping.column(name, column) for column in sorted(REQUIRED_COLUMNS[name])]
    role = connection.scalar(text("SELECT quote_ident(current_user)"))
    label = _label(mapping, name)
    if not table.usable:
        fix = f'GRANT USAGE ON SCHEMA "{mapping.schema}" TO {role};'
        raise PermissionMissingError(f"role {role} may not use the schema of {label}", hint=fix)
    denied = [column for column in required if not table.columns[column].readable]
    if denied:
        reason = f"role {role} may not read {label} ({', '.join(denied)})"
        raise PermissionMissingError(reason, hint=f"GRANT SELECT ON {label} TO {role};")
    if table.filtered:
        raise PermissionMissingError(
            f"row level security hides rows of {label} from role {role}",
            hint=f"counts would be wrong; ALTER ROLE {role} BYPASSRLS; or use another role",
        )


def _check_types(mapping: Mapping, tables: Tables) -> None:
    for child, column, parent in _REFERENCES:
        if child not in tables or parent not in tables:
            continue
        reference = tables[child].columns.get(mapping.column(child, column))
        target = tables[parent].columns[mapping.column(parent, "id")]
        if reference and not _comparable(reference.type, target.type):
            raise SchemaMismatchError(
                f"{child}.{column} is {reference.type} but {parent}.id is {target.type}",
                hint="they cannot be compared without a cast, and petrec does not guess one",
            )


def _comparable(one: str, other: str) -> bool:
    return one == other or any({one, other} <= family for family in _FAMILIES)


def _shape(table: CatalogTable) -> TableShape:
    columns = {key: value.type for key, value in table.columns.items() if value.readable}
    return TableShape(columns, table.primary_key)


def _label(mapping: Mapping, name: str) -> str:
    return f'"{mapping.schema}"."{mapping.table(name)}"'


def _missing_table(connection: Connection, mapping: Mapping, name: str) -> SchemaMismatchError:
    database = connection.scalar(text("SELECT current_database()"))
    present = table_names(connection, mapping.schema)
    where = f"[mapping.tables] {name}" if present else "[mapping] schema"
    if other := other_relation(connection, mapping.schema, mapping.table(name)):
        return SchemaMismatchError(
            f"{_label(mapping, name)} is {other}: petrec reads keys and locks rows of tables",
            hint=f"name the table beneath it in petrec.toml under {where}",
        )
    return SchemaMismatchError(
        f"table {_label(mapping, name)} does not exist in database {database!r}",
        hint=_suggest(mapping.table(name), present, where),
    )


def _suggest(name: str, present: MappingType[str, object] | Sequence[str], where: str) -> str:
    close = difflib.get_close_matches(name, list(present), n=1, cutoff=0.5)
    advice = f"name it in petrec.toml under {where}"
    return f"{advice}; did you mean {close[0]!r}?" if close else advice
