"""One visit, or a page of them, with their recordings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Integer, Select, bindparam, false, select

from petrec.api.access import Scope
from petrec.api.entities import Entity
from petrec.api.http.cursor import After, Cursor, decode, start, starting
from petrec.api.http.errors import not_found
from petrec.api.recordings.queries import of_visits_query
from petrec.api.recordings.shape import recordings_out
from petrec.api.recordings.wire import RecordingOut
from petrec.api.service import Caller, Service
from petrec.api.statements import Row, actor_values
from petrec.api.visits.table import visit_columns, visit_out, visits_table
from petrec.api.visits.wire import VisitOut
from petrec.api.wire_columns import as_position, comes_after
from petrec.schema import Schema

# The most recordings shown with one visit, the newest; the list of recordings has all.
RECORDINGS = 500


@dataclass(frozen=True)
class VisitPage:
    """Visits, and where the next page starts."""

    visits: list[VisitOut]
    next: str | None


def read_visit(service: Service, caller: Caller, visit_id: str) -> VisitOut:
    """Return a visit; errors: ApiError."""
    clinic = service.clinic
    visits_table(clinic.schema)
    visit = clinic.ids.parse(Entity.VISIT, visit_id, "visit_id")
    values = actor_values(caller.actor) | {"visit": visit}
    with service.database.reading() as connection:
        row = clinic.statements.get(one_visit, caller.scope).first(connection, values)
    if row is None:
        raise not_found(Entity.VISIT)
    return with_recordings(service, caller, [row])[0]


def list_visits(
    service: Service,
    caller: Caller,
    filters: Mapping[Entity, str | None],
    limit: int,
    cursor: str | None,
) -> VisitPage:
    """Return a page, latest first; errors: ApiError."""
    clinic = service.clinic
    visits_table(clinic.schema)
    wanted = {
        f"{entity.word}_id": clinic.ids.parse(entity, text, f"{entity.word}_id")
        for entity, text in filters.items()
        if text is not None
    }
    values: dict[str, Any] = actor_values(caller.actor) | wanted | {"fetch": limit + 1}
    after = decode(cursor, clinic.ids, Entity.VISIT) if cursor is not None else None
    if after is not None:
        values |= {"after_at": after.at, "after_id": after.id}
    statement = clinic.statements.get(_page, caller.scope, frozenset(wanted), start(after))
    with service.database.reading() as connection, starting(after):
        rows = statement.rows(connection, values)
    end = rows[limit - 1] if len(rows) > limit else None
    following = Cursor(end.position, end.id).encode() if end is not None else None
    return VisitPage(with_recordings(service, caller, rows[:limit]), following)


def with_recordings(service: Service, caller: Caller, rows: Sequence[Row]) -> list[VisitOut]:
    """Return the visits, each with its recordings that have a pet."""
    ids = service.clinic.ids
    by_visit: dict[str | None, list[RecordingOut]] = {}
    if rows and service.clinic.schema.visits is not None:
        found = _recordings(service, caller, [row.id for row in rows])
        for row, shown in zip(found, recordings_out(ids, service.store, found), strict=True):
            by_visit.setdefault(row.asked, []).append(shown)
    return [visit_out(ids, row, by_visit.get(row.id, ())) for row in rows]


def _recordings(service: Service, caller: Caller, visits: Sequence[str]) -> list[Row]:
    clinic = service.clinic
    statement = clinic.statements.get(of_visits_query, caller.scope)
    values = actor_values(caller.actor) | {"visit_ids": visits, "fetch": None, "each": RECORDINGS}
    with service.database.reading() as connection:
        return statement.rows(connection, values)


def one_visit(schema: Schema, scope: Scope) -> Select[Any]:
    """Select one visit, if the caller may see it."""
    c = visits_table(schema).c
    query: Select[Any] = select(*visit_columns(c))
    return query.where(c.id == bindparam("visit"), scope.visits(c))


def _page(schema: Schema, scope: Scope, filters: frozenset[str], after: After) -> Select[Any]:
    c = visits_table(schema).c
    position = as_position(c.visit_date).label("position")
    query: Select[Any] = select(*visit_columns(c), position).where(scope.visits(c))
    for name in sorted(filters):
        query = query.where(c[name] == bindparam(name) if name in c else false())
    if after is not After.TOP:
        query = query.where(comes_after(c.visit_date, c.id, after))
    newest = query.order_by(c.visit_date.desc(), c.id.desc())
    return newest.limit(bindparam("fetch", type_=Integer))
