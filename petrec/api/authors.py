"""Who made a row: owners and a host's own accounts may not be in the users table."""

from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, case, exists, null, select

from petrec.api.access import USER, Scope, everything
from petrec.api.database import Connection
from petrec.api.service import Caller, Clinic
from petrec.api.statements import actor_values
from petrec.schema import Schema


def known_author(schema: Schema, author: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return the author if the users table has them, else NULL: the foreign key asks for it."""
    users = schema.users
    if users is None:
        return author
    here = users.alias("author")
    return case(
        (exists().where(here.c.id == bindparam("recorded_by_user_id")), author), else_=null()
    )


def is_unknown(connection: Connection, clinic: Clinic, caller: Caller) -> bool:
    """Return whether there is a users table, and the caller is not in it."""
    if clinic.schema.users is None:
        return False
    statement = clinic.statements.get(_found, clinic.schema, everything())
    row = statement.first(connection, actor_values(caller.actor))
    return row is not None and not row.found


def _found(schema: Schema, scope: Scope) -> Select[Any]:  # noqa: ARG001 a builder's form
    users: Any = schema.users
    return select(exists().where(users.c.id == USER).label("found"))
