"""All rows of one kind, complete, streamed with their evidence."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from sqlalchemy import Select, select

from petrec.documents.frames import ColumnType
from petrec.rules import judged, kind_column
from petrec.schema import Schema, base_type
from petrec.source import Rows, Source

_TYPES = (
    dict.fromkeys(("text", "character varying", "character", "name", "uuid"), ColumnType.TEXT)
    | dict.fromkeys(("smallint", "integer", "bigint"), ColumnType.WHOLE)
    | dict.fromkeys(("real", "double precision"), ColumnType.FRACTION)
    | dict.fromkeys(
        ("timestamp with time zone", "timestamp without time zone", "date"), ColumnType.MOMENT
    )
    | {"boolean": ColumnType.TRUTH}
)


def rows_query(schema: Schema, kind_id: str) -> Select[Any]:
    """Select whole recordings of a kind, with the appointment's pets and the certain pet."""
    facts = judged(schema)
    kind = kind_column(facts)
    return (
        select(
            kind.label("petrec_kind"),
            facts.linked_pets.label("petrec_appointment_pets"),
            facts.certain_pet.label("petrec_certain_pet"),
            *(facts.recording[c.key].label(c.name) for c in schema.tables.recordings.c),
        )
        .select_from(facts.source)
        .where(kind == kind_id)
    )


def column_types(schema: Schema, kind_id: str) -> dict[str, ColumnType]:
    """Return what each column of the rows of a kind holds; ids are text."""
    selected = rows_query(schema, kind_id).selected_columns
    ids = {column.name for column in schema.tables.recordings.c if _is_id(column.key)}
    ids |= {"petrec_kind", "petrec_certain_pet"}
    return {
        column.name: ColumnType.TEXT
        if column.name in ids
        else _TYPES.get(base_type(column).partition("(")[0], ColumnType.OTHER)
        for column in selected
    }


def _is_id(key: str) -> bool:
    return key == "id" or key.endswith("_id")


def stream_json(
    source: Source, schema: Schema, kind_id: str
) -> AbstractContextManager[Iterator[str]]:
    """Yield each row of one kind as a JSON object, typed by PostgreSQL."""
    return source.stream_json(rows_query(schema, kind_id))


@contextmanager
def stream_rows(
    source: Source, schema: Schema, kind_id: str
) -> Iterator[tuple[tuple[str, ...], Rows]]:
    """Yield the column names and an iterator over the rows of one kind."""
    query = rows_query(schema, kind_id)
    names = tuple(column.name for column in query.selected_columns)
    with source.stream(query) as rows:
        yield names, rows
