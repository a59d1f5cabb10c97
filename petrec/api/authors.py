"""The author of a row: owners and a host's own accounts may be missing from the users table."""

from typing import Any

import psycopg
from psycopg.errors import NotNullViolation
from sqlalchemy import ColumnElement, Select, bindparam, case, exists, null, select

from petrec.api.access import USER
from petrec.api.pooled import Connection
from petrec.api.service import Caller, Clinic
from petrec.api.statements import actor_values
from petrec.schema import Schema

# A partition's key has its own name, so it is looked up by the table of the error.
_KEY_OF = """
SELECT FROM pg_catalog.pg_constraint k
JOIN pg_catalog.pg_class t ON t.oid = k.conrelid
JOIN pg_catalog.pg_namespace s ON s.oid = t.relnamespace
JOIN pg_catalog.pg_attribute a ON a.attrelid = t.oid AND k.conkey = ARRAY[a.attnum]
WHERE k.contype = 'f' AND s.nspname = %s AND t.relname = %s AND k.conname = %s AND a.attname = %s
"""


def known_author(schema: Schema, author: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return the author if the users table has them, else NULL: the foreign key asks for it."""
    users = schema.users
    if users is None:
        return author
    here = users.alias("author")
    return case(
        (exists().where(here.c.id == bindparam("recorded_by_user_id")), author), else_=null()
    )


def refuses_author(
    connection: Connection, clinic: Clinic, caller: Caller, author: Any, error: psycopg.Error
) -> bool:
    """Return whether a row was refused because its author is not in the users table."""
    if author is None or not is_about(connection, author.name, error):
        return False
    return is_unknown(connection, clinic, caller)


def is_unknown(connection: Connection, clinic: Clinic, caller: Caller) -> bool:
    """Return whether there is a users table, and the caller is not in it."""
    if clinic.schema.users is None:
        return False
    statement = clinic.statements.get(_found)
    row = statement.first(connection, actor_values(caller.actor))
    return row is not None and not row.found


def is_about(connection: Connection, author: str, error: psycopg.Error) -> bool:
    """Return whether only NOT NULL or a foreign key of the author's column refused the row."""
    diag = error.diag
    if error.sqlstate == NotNullViolation.sqlstate:
        return diag.column_name == author
    named = (diag.schema_name, diag.table_name, diag.constraint_name, author)
    return connection.execute(_KEY_OF, named).fetchone() is not None


def _found(schema: Schema) -> Select[Any]:
    users: Any = schema.users
    return select(exists().where(users.c.id == USER).label("found"))
