"""A few ids per finding, the smallest first, so that the same data gives the same samples."""

from typing import Any

from sqlalchemy import Connection, Select, func, select

from petrec.rules import judged, kind_column
from petrec.schema import Schema


def read_samples(connection: Connection, schema: Schema, size: int) -> dict[str, tuple[str, ...]]:
    """Return up to `size` recording ids per kind that is a finding."""
    facts = judged(schema)
    each = (
        select(kind_column(facts).label("kind"), facts.recording.id.label("id"))
        .select_from(facts.source)
        .subquery("each_recording")
    )
    place = func.row_number().over(partition_by=each.c.kind, order_by=each.c.id).label("place")
    ranked = select(each.c.kind, each.c.id, place).where(each.c.kind != "ok").subquery("ranked")
    query = select(ranked.c.kind, ranked.c.id).where(ranked.c.place <= size)
    found: dict[str, tuple[str, ...]] = {}
    for kind, key in connection.execute(query.order_by(ranked.c.kind, ranked.c.place)):
        found[kind] = (*found.get(kind, ()), str(key))
    return found


def first_ids(connection: Connection, rows: Select[Any], size: int) -> tuple[str, ...]:
    """Return the smallest `size` ids of a query that selects ids."""
    ids = rows.subquery("found")
    query = select(ids.c.id).order_by(ids.c.id).limit(size)
    return tuple(str(key) for key in connection.scalars(query))
