"""Checks before a command that writes: a primary, and the privileges that its locks need."""

from collections.abc import Sequence

from sqlalchemy import Connection, Table, text

from petrec.errors import (
    ConnectionFailedError,
    DatabaseError,
    PermissionMissingError,
    UnsupportedServerError,
)
from petrec.postgres.foreseen import obstacles
from petrec.postgres.identifiers import quoted, quoted_table
from petrec.postgres.triggers import trigger_functions
from petrec.schema import Schema

_IN_RECOVERY = text("SELECT pg_is_in_recovery()")
_ROLE = text("SELECT quote_ident(current_user)")
_MAY_WRITE = text("SELECT has_column_privilege(CAST(:table AS regclass), :column, :privilege)")
_MAY = text("SELECT has_table_privilege(CAST(:table AS regclass), :privilege)")
_MAY_LOCK = text("SELECT has_any_column_privilege(CAST(:table AS regclass), 'UPDATE')")
# Any of them allows LOCK TABLE. https://www.postgresql.org/docs/current/sql-lock.html
_LOCKS_TABLE = "UPDATE, DELETE, TRUNCATE"
_STANDBY = "this server is a standby, which is read-only"


def check_writable(
    connection: Connection,
    schema: Schema,
    columns: Sequence[str],
    *,
    links: str = "",
    locks: bool = True,
) -> None:
    """Check that a run may write columns, lock appointments, and write to their pets.

    `links` is the privilege that the last takes. Errors: ConnectionFailedError,
    PermissionMissingError, UnsupportedServerError, DatabaseError for what would refuse every row.
    """
    check_primary(connection)
    if elsewhere := _elsewhere(connection, schema, columns, links):
        raise UnsupportedServerError(elsewhere)
    grants = missing_grants(connection, schema, columns, links, locks=locks)
    found = obstacles(connection, schema, columns, links)
    refused = f"the server would refuse every row: {'; '.join(found)}" if found else ""
    if grants:
        role = connection.scalar(_ROLE)
        reason = f"role {role} lacks privileges to write"
        reason += f"; {refused}" if refused else ""
        raise PermissionMissingError(reason, hint=" ".join(f"{g};" for g in grants))
    if refused:
        raise DatabaseError(refused)


def hindrances(
    connection: Connection, schema: Schema, columns: Sequence[str], *links: str, locks: bool = True
) -> list[str]:
    """Return all reasons why `check_writable` would fail, for a plan."""
    grants = missing_grants(connection, schema, columns, *links, locks=locks)
    return [
        *filter(None, [_elsewhere(connection, schema, columns, *links)]),
        *([_STANDBY] if connection.scalar(_IN_RECOVERY) else []),
        *(f"it needs {grant};" for grant in grants),
        *obstacles(connection, schema, columns, *links),
    ]


def _elsewhere(connection: Connection, schema: Schema, columns: Sequence[str], *links: str) -> str:
    """Return why recordings on other nodes cannot be written; empty where they can."""
    if schema.layout.is_here:
        return ""
    if not schema.layout.can_write:
        return schema.layout.unwritten
    if schema.layout.unmoved and "appointment_id" in columns:
        return schema.layout.unmoved
    if any(links):
        return schema.layout.unlinked
    if trigger_functions(connection, schema):
        return "petrec does not write to recordings of Citus that have triggers"
    if not schema.links_follow_appointments:
        return "appointment_pets has no foreign key to appointments, so nothing keeps pets out"
    return ""


def missing_grants(
    connection: Connection, schema: Schema, columns: Sequence[str], *links: str, locks: bool = True
) -> list[str]:
    """Return the GRANT statements that a run still needs."""
    role = connection.scalar(_ROLE)
    missing = [
        *_columns(connection, schema.tables.recordings, list(dict.fromkeys(columns)), "UPDATE"),
        *(_locks(connection, schema) if locks else ()),
        *(g for each in links for g in _links(connection, schema.tables.links, each)),
    ]
    return [f"{grant} TO {role}" for grant in missing]


def deletion_grants(connection: Connection, table: Table) -> list[str]:
    """Return the GRANT statements that locking and deleting rows of a table still needs."""
    role, name = connection.scalar(_ROLE), quoted_table(table)
    locks = connection.scalar(_MAY_LOCK, {"table": name})
    update = [] if locks else [f"GRANT UPDATE ({quoted(table.c.id.name)}) ON {name}"]
    return [f"{grant} TO {role}" for grant in (*_links(connection, table, "DELETE"), *update)]


def check_primary(connection: Connection) -> None:
    """Check that the server takes writes at all; errors: ConnectionFailedError."""
    if connection.scalar(_IN_RECOVERY):
        raise ConnectionFailedError(_STANDBY, hint="connect to the primary")


def _columns(
    connection: Connection, table: Table, keys: Sequence[str], privilege: str
) -> list[str]:
    name = quoted_table(table)
    asked = {"table": name, "privilege": privilege}
    columns = [table.c[key].name for key in keys]
    return [
        f"GRANT {privilege} ({quoted(column)}) ON {name}"
        for column in columns
        if not connection.scalar(_MAY_WRITE, asked | {"column": column})
    ]


def _links(connection: Connection, table: Table, privilege: str) -> list[str]:
    """Yield the grants on the links; INSERT can be granted by column, DELETE cannot."""
    if privilege == "INSERT":
        return _columns(connection, table, ("appointment_id", "pet_id"), privilege)
    name = quoted_table(table)
    asked = {"table": name, "privilege": privilege}
    lacking = privilege and not connection.scalar(_MAY, asked)
    return [f"GRANT {privilege} ON {name}"] if lacking else []


def _locks(connection: Connection, schema: Schema) -> list[str]:
    """Yield the grants for locks: UPDATE on a column for row locks, else on the table."""
    if schema.links_follow_appointments:
        name = quoted_table(schema.tables.appointments)
        if not connection.scalar(_MAY_LOCK, {"table": name}):
            return [f"GRANT UPDATE ({quoted(schema.tables.appointments.c.id.name)}) ON {name}"]
        return []
    name = quoted_table(schema.tables.links)
    allowed = connection.scalar(_MAY, {"table": name, "privilege": _LOCKS_TABLE})
    return [] if allowed else [f"GRANT UPDATE ON {name}"]
