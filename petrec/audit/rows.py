"""All rows of one kind, complete and uncapped, streamed with the evidence beside them."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Select, func, select

from petrec.db.copy import stream_copy
from petrec.rules import judged, kind_column
from petrec.schema import Schema

Row = tuple[str | None, ...]


def rows_query(schema: Schema, kind_id: str) -> Select[Any]:
    """Select whole recordings of a kind, with the appointment's pets and the certain pet."""
    facts = judged(schema)
    kind = kind_column(facts)
    return (
        select(
            kind.label("petrec_kind"),
            facts.linked_pets.label("petrec_appointment_pets"),
            facts.certain_pet.label("petrec_certain_pet"),
            *(facts.recording[column.key] for column in schema.recordings.c),
        )
        .select_from(facts.source)
        .where(kind == kind_id)
    )


def stream_json(connection: Connection, schema: Schema, kind_id: str) -> Iterator[str]:
    """Yield each row of one kind as a JSON object, typed by PostgreSQL."""
    rows = rows_query(schema, kind_id).subquery("rows")
    query = select(func.row_to_json(rows.table_valued()))
    return (line or "" for (line,) in stream_copy(connection, query))


def stream_rows(
    connection: Connection, schema: Schema, kind_id: str
) -> tuple[tuple[str, ...], Iterator[Row]]:
    """Return the column names and an iterator over the rows of one kind."""
    query = rows_query(schema, kind_id)
    names = tuple(column.name for column in query.selected_columns)
    return names, stream_copy(connection, query)
