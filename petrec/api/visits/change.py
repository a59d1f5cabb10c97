"""Changing and deleting a visit."""

from typing import Any

import psycopg
from sqlalchemy import (
    Delete,
    Select,
    Update,
    bindparam,
    delete,
    exists,
    literal,
    select,
    update,
)

from petrec.api.access import Scope
from petrec.api.entities import Entity
from petrec.api.http.errors import conflict, denied, not_found
from petrec.api.http.preconditions import Match, etag_of
from petrec.api.pooled import Connection
from petrec.api.service import Caller, Service
from petrec.api.statements import actor_values
from petrec.api.visits.read import one_visit, with_recordings
from petrec.api.visits.table import stored_visits, visit_columns, visit_out, visits_table
from petrec.api.visits.wire import VisitOut, VisitPatch
from petrec.api.wire_columns import as_column
from petrec.schema import Schema


def update_visit(
    service: Service, caller: Caller, visit_id: str, body: VisitPatch, match: Match
) -> VisitOut:
    """Change what the body names; errors: ApiError."""
    clinic = service.clinic
    table = visits_table(clinic.schema)
    given = {name: getattr(body, name) for name in body.model_fields_set}
    fields = tuple(sorted(name for name in given if name in table.c))
    values = _values(service, caller, visit_id) | given
    with service.database.writing() as connection:
        _hold(service, caller, connection, values, match)
        statement = clinic.statements.get(_update, fields)
        rows = statement.rows(connection, values)
    return with_recordings(service, caller, rows)[0]


def delete_visit(service: Service, caller: Caller, visit_id: str, match: Match) -> None:
    """Delete a visit that has no recordings; errors: ApiError."""
    clinic = service.clinic
    visits_table(clinic.schema)
    values = _values(service, caller, visit_id)
    with service.database.writing() as connection:
        _hold(service, caller, connection, values, match)
        held = clinic.statements.get(_recordings)
        if held.rows(connection, values)[0].found:
            raise conflict("visit_has_recordings", "The visit has recordings")
        statement = clinic.statements.get(_delete)
        try:
            statement.run(connection, values)
        except psycopg.errors.ForeignKeyViolation as error:
            raise conflict("visit_in_use", "Other rows reference the visit") from error


def _values(service: Service, caller: Caller, visit_id: str) -> dict[str, Any]:
    return actor_values(caller.actor) | {
        "visit": service.clinic.ids.parse(Entity.VISIT, visit_id, "visit_id"),
        "moment": service.options.clock().replace(microsecond=0),
    }


def _hold(
    service: Service,
    caller: Caller,
    connection: Connection,
    values: dict[str, Any],
    match: Match,
) -> None:
    """Lock the visit: 403 if the caller may see but not write it, 404 if they may not see it."""
    clinic = service.clinic
    builder = _lock if caller.scope.writes_visits else one_visit
    row = clinic.statements.get(builder, caller.scope).first(connection, values)
    if row is None:
        raise not_found(Entity.VISIT)
    if not caller.scope.writes_visits:
        raise denied("This account cannot write visits")
    match.check(lambda: etag_of(visit_out(clinic.ids, row)))


def _lock(schema: Schema, scope: Scope) -> Select[Any]:
    return one_visit(schema, scope).with_for_update(of=visits_table(schema))


def _update(schema: Schema, fields: tuple[str, ...]) -> Update:
    table = stored_visits(schema)
    new: Any = {table.c[name]: as_column(table.c[name], name) for name in fields}
    if "updated_at" in table.c:
        new[table.c.updated_at] = as_column(table.c.updated_at, "moment")
    if not new:
        new[table.c.status] = table.c.status
    query = update(table).values(new).where(table.c.id == bindparam("visit"))
    return query.returning(*visit_columns(table.c))


def _recordings(schema: Schema) -> Select[Any]:
    """Return whether any recording names the visit, shown or withheld."""
    c = schema.tables.recordings.c
    if "visit_id" not in c:
        return select(literal(False).label("found"))
    return select(exists().where(c.visit_id == bindparam("visit")).label("found"))


def _delete(schema: Schema) -> Delete:
    table = stored_visits(schema)
    return delete(table).where(table.c.id == bindparam("visit"))
