"""Announce uploads as their completion does: by NOTIFY, and to webhooks by the outbox."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Engine, Text, cast, select, text

from petrec.features.outbox.enqueue import event_row, insert_events
from petrec.features.outbox.table import EventType
from petrec.features.runs.journal.keys import has_key
from petrec.features.runs.journal.tables import changes
from petrec.features.uploads.judge import JudgedUpload, UploadFinding
from petrec.schema import Schema

_NOTIFY = text("SELECT count(pg_notify(:channel, event)) FROM unnest(CAST(:all AS text[])) event")
_AT_ONCE = 1_000


@dataclass(frozen=True)
class Listeners:
    """Where uploads of a target are announced: a channel of NOTIFY, or empty, and webhooks."""

    target: str
    channel: str
    webhooks: tuple[str, ...] = ()


def announce(
    engine: Engine, judged: Iterable[JudgedUpload], run_id: int | None, listeners: Listeners
) -> int:
    """Announce the uploads that need it, those of a run only if it wrote them; returns how many."""
    written = written_by(engine, run_id)
    events = [
        _data(one.candidate.key[0], one.candidate.pet_id)
        for one in judged
        if one.is_announced
        and (one.finding is not UploadFinding.ARRIVED or one.candidate.key in written)
    ]
    return _announce_all(engine, listeners, events)


def announce_resumed(engine: Engine, schema: Schema, run_id: int, listeners: Listeners) -> int:
    """Announce what a resumed run has written, also before it was interrupted."""
    recordings = schema.tables.recordings
    arrived = (
        select(changes.c.row_key, cast(recordings.c.pet_id, Text))
        .join(recordings, has_key(schema, recordings.c, changes.c.row_key))
        .where(changes.c.run_id == run_id, changes.c.strategy == UploadFinding.ARRIVED)
    )
    with engine.begin() as connection:
        events = [_data(key[0], pet_id) for key, pet_id in connection.execute(arrived)]
    return _announce_all(engine, listeners, events)


def written_by(engine: Engine, run_id: int | None) -> set[tuple[str, ...]]:
    """Return the keys of the rows that a run has written; none without a run."""
    if run_id is None:
        return set()
    written = select(changes.c.row_key).where(changes.c.run_id == run_id)
    with engine.begin() as connection:
        return {tuple(key) for key in connection.scalars(written)}


def _announce_all(engine: Engine, listeners: Listeners, events: list[dict[str, Any]]) -> int:
    if not (listeners.channel or listeners.webhooks):
        return 0
    for start in range(0, len(events), _AT_ONCE):
        with engine.begin() as connection:
            _announce(connection, listeners, events[start : start + _AT_ONCE])
    return len(events)


def _announce(connection: Connection, listeners: Listeners, events: list[dict[str, Any]]) -> None:
    now = datetime.now(UTC)
    if listeners.webhooks:
        known = (listeners.webhooks, EventType.UPLOADED, now, listeners.target)
        rows = [event_row(*known, data) for data in events]
        insert_events(connection, rows)
    if listeners.channel:
        texts = [json.dumps(data) for data in events]
        connection.execute(_NOTIFY, {"channel": listeners.channel, "all": texts})


def _data(recording_id: str, pet_id: str | None) -> dict[str, Any]:
    pet = None if pet_id is None else _typed("pet-", pet_id)
    return {"recording_id": _typed("rec-", recording_id), "pet_id": pet}


def _typed(prefix: str, stored: str) -> str:
    return stored if stored.startswith(prefix) else f"{prefix}{stored}"
