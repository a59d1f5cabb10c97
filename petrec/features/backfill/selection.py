"""Which recordings a backfill may change: all with certain evidence, or a part of them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Text, and_, cast, literal, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.selectable import NamedFromClause

from petrec.errors import UsageError
from petrec.rules.window import created_since, window
from petrec.schema import PgType, Schema, base_type


@dataclass(frozen=True)
class Selection:
    """Conditions on the recordings of a plan; `limit` is how many of them it may have.

    `where` has columns of recordings, or else of their appointments, with the value as text.
    `start` is the moment since when they were created. `only` are the conditions in words.
    """

    limit: int | None = None
    where: tuple[tuple[str, str], ...] = ()
    start: datetime | None = None
    only: tuple[str, ...] = ()

    def condition(self, schema: Schema) -> ColumnElement[bool] | None:
        """Return the condition on `schema.recordings`; None where all are meant."""
        parts = [_holds(schema, name, value) for name, value in self.where]
        if self.start is not None:
            parts.append(created_since(schema, self.start))
        return and_(*parts) if parts else None

    def lacking(self, schema: Schema) -> ColumnElement[bool]:
        """Return the condition for those without a pet.

        Certain evidence and several candidates imply that, but the planner cannot see it through
        the rules' CASE.
        """
        without_pet, chosen = schema.recordings.c.pet_id.is_(None), self.condition(schema)
        return without_pet if chosen is None else and_(without_pet, chosen)


ALL = Selection()


def select_recordings(
    connection: Connection,
    schema: Schema,
    where: Mapping[str, str],
    since: str | None,
    limit: int | None,
) -> Selection:
    """Return a selection whose columns exist and whose values are of their types.

    `since` is a duration or a time, see `window_start`. Errors: UsageError, SchemaMismatchError.
    """
    for name, value in where.items():
        _check_value(connection, schema, name, value)
    start = window(connection, schema, since)
    only = [f"{name} = {value}" for name, value in sorted(where.items())]
    only += [f"created since {since.strip()}"] if since else []
    return Selection(limit, tuple(sorted(where.items())), start, tuple(only))


def _holds(schema: Schema, name: str, value: str) -> ColumnElement[bool]:
    table, column = _find(schema, name)
    equal = column == _typed(column, value)
    if table is schema.recordings:
        return equal
    return schema.recordings.c.appointment_id.in_(select(table.c.id).where(equal))


def _typed(column: ColumnElement[Any], value: str) -> ColumnElement[Any]:
    # A domain's check applies to stored values, not to the value that is searched for.
    return cast(literal(value, Text), PgType(base_type(column)))


def _find(schema: Schema, name: str) -> tuple[NamedFromClause, ColumnElement[Any]]:
    """Return a column by its name in petrec or in the database; errors: UsageError."""
    tables = {"recordings": schema.recordings, "appointments": schema.appointments}
    asked, dot, column = name.partition(".")
    if dot and asked in tables:
        tables = {asked: tables[asked]}
    else:
        column = name
    for table in tables.values():
        found = _named(table.c, column)
        if found is not None:
            return table, found
    known = dict.fromkeys(each.name for table in tables.values() for each in table.c)
    raise UsageError(
        f"no column {column!r} in {' or '.join(tables)}", hint=f"choose one of: {', '.join(known)}"
    )


def _named(columns: Iterable[Any], name: str) -> ColumnElement[Any] | None:
    by_name = {column.name: column for column in columns} | {c.key: c for c in columns}
    return by_name.get(name)


def _check_value(connection: Connection, schema: Schema, name: str, value: str) -> None:
    _, column = _find(schema, name)
    equal = _typed(column, value) == _typed(column, value)
    try:
        with connection.begin_nested():
            connection.execute(select(equal)).all()
    except DBAPIError:
        # The server's message would repeat more of the value than a log should hold.
        reason = f"{name} = {value!r}: not a {base_type(column)} that can be compared"
        raise UsageError(reason, hint=f"write the value as PostgreSQL shows it in {name}") from None
