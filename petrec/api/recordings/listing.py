"""A page of the recordings that the caller may see."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from petrec.api.access import Scope
from petrec.api.entities import Entity
from petrec.api.http.cursor import Cursor, decode, start, starting
from petrec.api.pooled import Connection
from petrec.api.recordings.queries import appointments_query, named_query, page_query
from petrec.api.recordings.shape import recordings_out
from petrec.api.recordings.wire import RecordingOut
from petrec.api.service import Caller, Clinic, Service
from petrec.api.statements import Row, actor_values

Values = Mapping[str, Any]

logger = logging.getLogger("petrec.api")


@dataclass(frozen=True)
class Page:
    """Recordings, where the next page starts, and how many were withheld on the way."""

    recordings: list[RecordingOut]
    next: str | None
    withheld: int


def list_recordings(
    service: Service,
    caller: Caller,
    filters: Mapping[Entity, str | None],
    limit: int,
    cursor: str | None = None,
    status: str | None = None,
) -> Page:
    """Return a page, newest first, of one status or of all but pending; errors: ApiError."""
    ids = service.clinic.ids
    wanted = {
        f"{entity.word}_id": ids.parse(entity, text, f"{entity.word}_id")
        for entity, text in filters.items()
        if text is not None
    }
    if status is not None:
        wanted["status"] = status
    after = decode(cursor, ids, Entity.RECORDING) if cursor is not None else None
    page = read_page(service, caller, wanted, limit, after)
    if page.withheld:
        known = {"withheld": page.withheld, "user_id": ids.write(Entity.USER, caller.actor.user_id)}
        logger.warning("Withheld recordings without a certain pet", extra=known)
    return page


def read_page(
    service: Service, caller: Caller, wanted: Mapping[str, Any], limit: int, after: Cursor | None
) -> Page:
    """Return a page by ids as in the database."""
    clinic = service.clinic
    values = actor_values(caller.actor) | dict(wanted) | {"fetch": limit + 1}
    if after is not None:
        values |= {"after_at": after.at, "after_id": after.id}
    # Both queries see the same rows: `reading` is one snapshot.
    with service.database.reading() as connection, starting(after):
        of_all = wanted.keys() <= {"status"}
        scope = _in_turn(connection, clinic, caller.scope, values) if of_all else caller.scope
        variant = (scope, frozenset(wanted), start(after))
        named = clinic.statements.get(named_query, *variant).rows(connection, values)
        rows, withheld = [row for row in named if row.id is not None], 0
        if named[0].unnamed:
            values |= {"limit": limit} | _keys(rows)
            found = clinic.statements.get(page_query, *variant).rows(connection, values)
            rows, withheld = _merged(rows, found), found[0].withheld
    more = len(rows) > limit
    end = rows[limit - 1] if more else None
    return Page(
        recordings_out(clinic.ids, service.store, rows[:limit]),
        Cursor(end.position, end.id).encode() if end is not None else None,
        withheld,
    )


def _in_turn(connection: Connection, clinic: Clinic, scope: Scope, values: Values) -> Scope:
    """Return the scope; one that sees many appointments does not look at each in turn."""
    if not scope.recordings_by_appointment:
        return scope
    counted = clinic.statements.get(appointments_query, scope).rows(connection, values)
    if not counted[0].are_many:
        return scope
    return replace(scope, key=f"{scope.key}, newest first", recordings_by_appointment=False)


def _keys(rows: list[Row]) -> dict[str, list[str | None]]:
    return {
        "named_at": [row.position for row in rows],
        "named_ids": [row.id for row in rows],
    }


def _merged(named: list[Row], found: list[Row]) -> list[Row]:
    """Return the page's rows in its order; of named ones the query has returned the number."""
    numbered = [row for row in found if row.nth is not None or row.id is not None]
    return [row if row.nth is None else named[row.nth - 1] for row in numbered]
