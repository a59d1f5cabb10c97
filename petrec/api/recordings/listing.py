"""A page of the recordings that the caller may see."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from petrec.api.entities import Entity
from petrec.api.http.cursor import Cursor, decode, start, starting
from petrec.api.recordings.queries import page_query
from petrec.api.recordings.shape import recording_out
from petrec.api.recordings.wire import RecordingOut
from petrec.api.service import Caller, Service
from petrec.api.statements import actor_values

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
    statement = clinic.statements.get(page_query, caller.scope, frozenset(wanted), start(after))
    values = actor_values(caller.actor) | dict(wanted) | {"limit": limit, "fetch": limit + 1}
    if after is not None:
        values |= {"after_at": after.at, "after_id": after.id}
    with service.database.reading() as connection, starting(after):
        rows = statement.dicts(connection, values)
    withheld = rows[0]["withheld"]
    found = [row for row in rows if row["id"] is not None]
    more = len(found) > limit
    end = found[limit - 1] if more else None
    return Page(
        [recording_out(clinic.ids, service.store, row) for row in found[:limit]],
        Cursor(end["position"], end["id"]).encode() if end is not None else None,
        withheld,
    )
