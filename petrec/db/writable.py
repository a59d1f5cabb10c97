"""Checks before a command that writes: a primary, and the privileges that its locks need."""

from collections.abc import Sequence

from sqlalchemy import Connection, Table, text

from petrec.db.foreseen import obstacles
from petrec.errors import ConnectionFailedError, DatabaseError, PermissionMissingError
from petrec.schema import Schema

_IN_RECOVERY = text("SELECT pg_is_in_recovery()")
_ROLE = text("SELECT quote_ident(current_user)")
_MAY_UPDATE = text("SELECT has_column_privilege(CAST(:table AS regclass), :column, 'UPDATE')")
_MAY = text("SELECT has_table_privilege(CAST(:table AS regclass), :privilege)")
_MAY_LOCK = text("SELECT has_any_column_privilege(CAST(:table AS regclass), 'UPDATE')")
_MAY_LOCK_TABLE = text("SELECT has_table_privilege(CAST(:table AS regclass), 'UPDATE')")


def check_writable(
    connection: Connection, schema: Schema, columns: Sequence[str] = (), *, links: str = ""
) -> None:
    """Check that a run may write the pet, further columns, and to the appointments' pets.

    `links` is the privilege that this takes. Errors: ConnectionFailedError,
    PermissionMissingError, DatabaseError for what would refuse every row.
    """
    check_primary(connection)
    missing = [*_columns(connection, schema, columns), *_locks(connection, schema)]
    missing += _links(connection, schema, links)
    if missing:
        role = connection.scalar(_ROLE)
        reason = f"role {role} may not write what a run needs"
        raise PermissionMissingError(reason, hint=" ".join(f"{g} TO {role};" for g in missing))
    if found := obstacles(connection, schema, columns, links):
        raise DatabaseError("the server would refuse every row: " + "; ".join(found))


def check_primary(connection: Connection) -> None:
    """Check that the server takes writes at all; errors: ConnectionFailedError."""
    if connection.scalar(_IN_RECOVERY):
        raise ConnectionFailedError(
            "this server is a standby: it cannot be written to", hint="connect to the primary"
        )


def _columns(connection: Connection, schema: Schema, keys: Sequence[str]) -> list[str]:
    recordings = schema.tables.recordings
    name = _name(connection, recordings)
    columns = [recordings.c[key].name for key in ("pet_id", *keys)]
    quote = connection.dialect.identifier_preparer.quote
    return [
        f"GRANT UPDATE ({quote(column)}) ON {name}"
        for column in columns
        if not connection.scalar(_MAY_UPDATE, {"table": name, "column": column})
    ]


def _links(connection: Connection, schema: Schema, privilege: str) -> list[str]:
    name = _name(connection, schema.tables.links)
    asked = {"table": name, "privilege": privilege}
    lacking = privilege and not connection.scalar(_MAY, asked)
    return [f"GRANT {privilege} ON {name}"] if lacking else []


def _locks(connection: Connection, schema: Schema) -> list[str]:
    """A row lock needs UPDATE on some column of its table, a table lock on all."""
    quote = connection.dialect.identifier_preparer.quote
    if schema.links_follow_appointments:
        name = _name(connection, schema.tables.appointments)
        if not connection.scalar(_MAY_LOCK, {"table": name}):
            return [f"GRANT UPDATE ({quote(schema.tables.appointments.c.id.name)}) ON {name}"]
        return []
    name = _name(connection, schema.tables.links)
    allowed = connection.scalar(_MAY_LOCK_TABLE, {"table": name})
    return [] if allowed else [f"GRANT UPDATE ON {name}"]


def _name(connection: Connection, table: Table) -> str:
    return connection.dialect.identifier_preparer.format_table(table)
