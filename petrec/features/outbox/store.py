"""The rows of the outbox: claimed for a while, then removed, sent again later or given up.

A row is claimed by a short statement, and no lock is held while it is sent. If the process dies
meanwhile, the claim ends by itself, and the event is sent again: at least once.
"""

import random
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, Select, delete, func, select, text, update

from petrec.features.outbox.send import Attempt
from petrec.features.outbox.table import EventState, outbox
from petrec.features.runs.journal.tables import SCHEMA

# Longer than any attempt takes.
_CLAIM_S = 60
# Before each further attempt, in seconds; after the last one the event is dead.
DELAYS_S = (5, 30, 120, 600, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
_JITTER = 0.2
_EXISTS = text(f"SELECT to_regclass('{SCHEMA}.outbox') IS NOT NULL")


class Claimed(Struct, frozen=True):
    """An event to send now; `attempts` counts this one."""

    id: int
    event_id: str
    body: str
    attempts: int


def has_outbox(connection: Connection) -> bool:
    """Return whether the table exists."""
    return bool(connection.scalar(_EXISTS))


def read_now(connection: Connection) -> datetime:
    """Return the time of the server, which decides what is due."""
    return connection.execute(select(func.now())).scalar_one()


def claim(
    connection: Connection, webhook: str, limit: int, due_by: datetime | None = None
) -> list[Claimed]:
    """Claim the next events of a webhook, due now or by a time that has passed.

    What others have claimed is omitted.
    """
    free = outbox.alias("free")
    due = (
        select(free.c.id)
        .where(free.c.webhook == webhook, free.c.state == EventState.WAITING)
        .where(free.c.next_at <= (due_by or func.now()))
        .order_by(free.c.next_at, free.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    query = (
        update(outbox)
        .where(outbox.c.id.in_(due))
        .values(attempts=outbox.c.attempts + 1, next_at=func.now() + _seconds(_CLAIM_S))
        .returning(outbox.c.id, outbox.c.event_id, outbox.c.body, outbox.c.attempts)
    )
    return [Claimed(*row) for row in sorted(connection.execute(query))]


def settle(connection: Connection, event: Claimed, attempt: Attempt) -> None:
    """Note how an attempt ended, unless another process has claimed the event by now."""
    mine = (outbox.c.id == event.id, outbox.c.attempts == event.attempts)
    if not attempt.failure:
        connection.execute(delete(outbox).where(*mine))
        return
    values = {"failure": attempt.failure}
    if attempt.is_final or event.attempts > len(DELAYS_S):
        connection.execute(update(outbox).where(*mine).values(values | {"state": EventState.DEAD}))
        return
    wait = max(_delay(event.attempts), attempt.wait_s)
    later = func.clock_timestamp() + _seconds(wait)
    connection.execute(update(outbox).where(*mine).values(next_at=later, **values))


def retry(connection: Connection, ids: Sequence[int]) -> int:
    """Take up dead events again, all or those named; returns how many."""
    query = update(outbox).where(outbox.c.state == EventState.DEAD)
    query = query.where(outbox.c.id.in_(ids)) if ids else query
    again = {"state": EventState.WAITING, "attempts": 0, "next_at": func.now()}
    return connection.execute(query.values(again)).rowcount


def count_states(connection: Connection) -> dict[tuple[str, str], int]:
    """Return how many events each webhook has in each state."""
    query = select(outbox.c.webhook, outbox.c.state, func.count())
    rows = connection.execute(query.group_by(outbox.c.webhook, outbox.c.state))
    return {(row[0], row[1]): row[2] for row in rows}


def listed(state: EventState | None, limit: int) -> Select[Any]:
    """Select the oldest events, of a state or of all."""
    c = outbox.c
    query = select(
        c.id, c.event_id, c.webhook, c.type, c.state, c.attempts, c.next_at, c.failure, c.created_at
    )
    query = query if state is None else query.where(c.state == state)
    return query.order_by(c.id).limit(limit)


def _delay(attempts: int) -> float:
    """Return how long to wait after so many attempts; spread, so that not all come at once."""
    return DELAYS_S[attempts - 1] * random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311


def _seconds(count: float) -> Any:
    return func.make_interval(0, 0, 0, 0, 0, 0, count)
