"""Checks before any work: one message with its fix if the database does not fit."""

from collections.abc import Iterator
from collections.abc import Mapping as MappingType
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, text

from petrec.errors import SchemaMismatchError
from petrec.postgres.catalog import CatalogTable, read_tables
from petrec.postgres.citus import read_places
from petrec.postgres.conditions import check_conditions
from petrec.postgres.engines import check_engine
from petrec.postgres.missing import Missing
from petrec.postgres.names import check_names
from petrec.postgres.presence import TablePresence
from petrec.postgres.proofs import KeyClaims, read_proofs
from petrec.postgres.soft_deletion import overlooked
from petrec.schema import REFERENCES, Schema, TableShape, build_schema, comparable, layout_of
from petrec.settings import LOGICAL_COLUMNS, Mapping

_ENCODING = text("SELECT current_setting('server_encoding')")
_TRUSTED = "foreign keys are trusted (trust_constraints): a row that violates one is not found"

Tables = MappingType[str, CatalogTable]


def load_schema(
    connection: Connection, mapping: Mapping, *, trusted: bool = False, makes_visits: bool = False
) -> Schema:
    """Return the mapped schema.

    Only reads may have foreign keys `trusted`: writes check the rows. `makes_visits` allows
    configured visits that do not exist yet. Errors: SchemaMismatchError, PermissionMissingError,
    UnsupportedServerError.
    """
    check_names(mapping)
    cluster = check_engine(connection)
    physical = {mapping.table(name) for name in LOGICAL_COLUMNS}
    presence = TablePresence(mapping, Missing(connection, mapping), makes_visits)
    presence.read(read_tables(connection, mapping.schema, sorted(physical)))
    tables = presence.tables
    _check_types(mapping, tables)
    check_conditions(connection, mapping, iter(tables))
    places = read_places(connection, {n: t.oid for n, t in tables.items()}) if cluster else {}
    layout = layout_of(mapping, places)
    claims = KeyClaims(mapping, tables)
    schema = build_schema(
        mapping,
        {name: _shape(table) for name, table in tables.items()},
        read_proofs(claims, trusted=trusted) if layout.proves else None,
        links_follow_appointments=claims.links_follow_appointments(),
    )
    remarks = [*_conditions(mapping, tables), *presence.remarks]
    remarks += [_TRUSTED] if trusted and layout.proves else []
    remarks += [*_owners(mapping, tables), *overlooked(mapping, tables), *layout.remarks]
    unchecked = _encoding(connection) == "SQL_ASCII"
    return replace(schema, layout=layout, unchecked_text=unchecked, remarks=tuple(remarks))


def _encoding(connection: Connection) -> str:
    """Return the server's encoding; it reports it, but not every pooler passes that on."""
    driver: Any = connection.connection.driver_connection
    reported = driver.info.parameter_status("server_encoding")
    return str(reported or connection.scalar(_ENCODING))


def _conditions(mapping: Mapping, tables: Tables) -> Iterator[str]:
    for name in tables:
        if name in mapping.where:
            yield f"only rows of {name} where {mapping.where[name]}; constraints apply to all rows"


def _owners(mapping: Mapping, tables: Tables) -> Iterator[str]:
    mine = tables["pets"].columns.get(mapping.column("pets", "owner_id"))
    theirs = tables["appointments"].columns.get(mapping.column("appointments", "pet_owner_id"))
    if mine and theirs and not comparable(mine.type, theirs.type):
        yield (
            f"not compared: owners, because pets.owner_id is {mine.type} "
            f"and appointments.pet_owner_id is {theirs.type}"
        )


def _check_types(mapping: Mapping, tables: Tables) -> None:
    _check_identifying(mapping, tables)
    for child, column, parent in REFERENCES:
        if child not in tables or parent not in tables:
            continue
        reference = tables[child].columns.get(mapping.column(child, column))
        target = tables[parent].columns[mapping.column(parent, "id")]
        if reference and not comparable(reference.type, target.type):
            raise SchemaMismatchError(
                f"{child}.{column} is {reference.type} but {parent}.id is {target.type}",
                hint="they cannot be compared without a cast, and petrec adds no casts",
            )


def _check_identifying(mapping: Mapping, tables: Tables) -> None:
    """Check that ids have the types of their references, and can be written to the journal."""
    identifying = [(name, mapping.column(name, "id")) for name in ("pets", "appointments")]
    identifying += [("visits", mapping.column("visits", "id"))] if "visits" in tables else []
    identifying += [("recordings", mapping.column("recordings", "id"))]
    identifying += [("recordings", column) for column in tables["recordings"].primary_key]
    for name, column in identifying:
        found = tables[name].columns.get(column)
        if found is None or not found.identifies:
            kind = found.type if found else "not readable"
            raise SchemaMismatchError(
                f"{name}.{column} is {kind}: it cannot identify a row",
                hint="petrec needs ids that can be sorted and written as text, such as "
                "integer, text or uuid",
            )


def _shape(table: CatalogTable) -> TableShape:
    return TableShape(
        {name: column.type for name, column in table.columns.items()},
        table.primary_key,
        {name: column.base for name, column in table.columns.items()},
        frozenset(name for name, column in table.columns.items() if column.is_enum),
        {name: column.collation for name, column in table.columns.items() if column.collation},
    )
