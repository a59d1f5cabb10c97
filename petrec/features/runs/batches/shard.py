"""Batches of one shard, where Citus distributes the rows of the tables by their appointment.

A statement is sent whole to a worker, with row locks, SKIP LOCKED and joins of every kind, if each
of its tables is limited to appointments of one shard. So a page has items of one shard, and a
statement the parameter `places`, their appointments.
https://docs.citusdata.com/en/stable/develop/reference_propagation.html
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any, TypeVar

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnClause,
    ColumnElement,
    FromClause,
    Table,
    TableValuedAlias,
    Text,
    any_,
    bindparam,
    cast,
    column,
    distinct,
    func,
    literal,
    or_,
    select,
    text,
    true,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.sql.selectable import NamedFromClause
from sqlalchemy.types import NullType

from petrec.postgres.identifiers import quoted_table
from petrec.schema import PgType, Schema

_SYSTEM_COLUMNS = text("tableoid, ctid, xmin")

Item = TypeVar("Item")


def in_places(schema: Schema, appointment: ColumnElement[Any]) -> ColumnElement[bool]:
    """Return whether a row belongs to the page's appointments; where nothing is sharded, it may."""
    return is_among("places", appointment) if schema.layout.is_sharded else true()


def of_page(schema: Schema) -> Schema:
    """Return the schema with the rows of a page's shard alone, and of the page's visits."""
    if not schema.layout.is_sharded:
        return schema
    recordings, appointments, links = schema.recordings, schema.appointments, schema.links
    mine, visits = in_places(schema, recordings.c.appointment_id), schema.visits
    if schema.layout.gathers_visits and visits is not None:
        visit = recordings.c.visit_id
        # One that has another visit by now is judged in a later pass.
        mine &= or_(visit.is_(None), is_among("visits", visit))
        columns = (column(name, visits.c[name].type) for name in visit_columns(visits))
        visits = given_rows("visit_rows", "visits", columns)
    return replace(
        schema,
        recordings=_kept(recordings, mine, "recordings"),
        appointments=_kept(appointments, in_places(schema, appointments.c.id), "appointments"),
        links=_kept(links, in_places(schema, links.c.appointment_id), "appointment_pets"),
        visits=visits,
        layout=replace(schema.layout, gathers_visits=False),
    )


def visit_columns(visits: FromClause) -> list[str]:
    """Return the columns of visits that rules read."""
    return [name for name in ("id", "pet_id", "appointment_id") if name in visits.c]


def given_rows(parameter: str, name: str, columns: Iterable[ColumnClause[Any]]) -> TableValuedAlias:
    """Return the rows of a parameter that is a JSON array of objects."""
    given = func.jsonb_to_recordset(cast(bindparam(parameter, type_=Text), JSONB))
    return given.table_valued(*columns).render_derived(name=name, with_types=True)


def written_of_page(schema: Schema, recordings: FromClause) -> FromClause:
    """Return recordings, `where` or not, that belong to the page's appointments."""
    if not schema.layout.is_sharded:
        return recordings
    rows = recordings.alias("recordings") if isinstance(recordings, Table) else recordings
    return _kept(rows, in_places(schema, rows.c.appointment_id), "recordings")


def shard_of(schema: Schema, appointment: ColumnElement[Any]) -> ColumnElement[int]:
    """Return the shard that has the recordings of an appointment, given as text or not."""
    recordings = schema.tables.recordings
    name = cast(literal(quoted_table(recordings), Text), PgType("regclass"))
    value = cast(appointment, recordings.c.appointment_id.type)
    return func.get_shard_id_for_distribution_column(name, value, type_=BigInteger)


def place_of(schema: Schema, row_key: ColumnElement[Any]) -> ColumnElement[str]:
    """Return the appointment in a recording's key, as text."""
    return row_key[schema.key.index("appointment_id") + 1]


def place_in(schema: Schema, row_key: Sequence[str]) -> str:
    """Return the appointment in a recording's key, as text."""
    return row_key[schema.key.index("appointment_id")]


def as_array(values: Iterable[str]) -> str:
    """Return the text of PostgreSQL's array of some texts, each once."""
    quoted = (value.replace("\\", "\\\\").replace('"', '\\"') for value in dict.fromkeys(values))
    return "{" + ",".join(f'"{value}"' for value in quoted) + "}"


def places_of(schema: Schema, row_key: ColumnElement[Any]) -> ColumnElement[str]:
    """Aggregate the appointments of keys to the parameter `places`."""
    return cast(func.array_agg(distinct(place_of(schema, row_key))), Text)


def of_one_shard(items: Iterable[tuple[Item, int]]) -> list[Item]:
    """Return the first of the items that lie in one shard."""
    _, mine = next(groupby(items, key=lambda each: each[1]), (0, iter(())))
    return [item for item, _ in mine]


def is_among(name: str, column: ColumnElement[Any]) -> ColumnElement[bool]:
    """Compare a column with the values of a parameter, which has the type of an array of it.

    A cast from text would be computed on the worker, too late to choose the worker.
    """
    return column == any_(cast(bindparam(name, type_=NullType()), ARRAY(column.type)))


def _kept(rows: FromClause, condition: ColumnElement[bool], name: str) -> NamedFromClause:
    kept = select(*rows.c, _SYSTEM_COLUMNS).select_from(rows).where(condition)
    return kept.correlate(None).subquery(name)
