"""Announce uploads as their completion does: by NOTIFY, and to webhooks by the outbox."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Engine, select, text

from petrec.features.outbox.enqueue import event_row, insert_events
from petrec.features.outbox.table import EventType
from petrec.features.runs.journal.tables import changes
from petrec.features.uploads.judge import JudgedUpload, UploadFinding

_NOTIFY = text("SELECT count(pg_notify(:channel, told)) FROM unnest(CAST(:all AS text[])) told")
_AT_ONCE = 1_000


@dataclass(frozen=True)
class Listeners:
    """Who is told: a channel of NOTIFY, empty for none, and webhooks by name."""

    channel: str
    webhooks: tuple[str, ...] = ()


def announce(
    engine: Engine, judged: Iterable[JudgedUpload], run_id: int | None, listeners: Listeners
) -> int:
    """Announce the uploads that need it, those of a run only if it wrote them; returns how many."""
    if not (listeners.channel or listeners.webhooks):
        return 0
    with engine.begin() as connection:
        written = _written(connection, run_id)
    told = [
        _data(one)
        for one in judged
        if one.is_announced
        and (one.finding is not UploadFinding.ARRIVED or one.candidate.key in written)
    ]
    for start in range(0, len(told), _AT_ONCE):
        with engine.begin() as connection:
            _tell(connection, listeners, told[start : start + _AT_ONCE])
    return len(told)


def _tell(connection: Connection, listeners: Listeners, told: list[dict[str, Any]]) -> None:
    now = datetime.now(UTC)
    if listeners.webhooks:
        rows = [event_row(listeners.webhooks, EventType.UPLOADED, now, data) for data in told]
        insert_events(connection, rows)
    if listeners.channel:
        texts = [json.dumps(data) for data in told]
        connection.execute(_NOTIFY, {"channel": listeners.channel, "all": texts})


def _written(connection: Connection, run_id: int | None) -> set[tuple[str, ...]]:
    if run_id is None:
        return set()
    keys = connection.scalars(select(changes.c.row_key).where(changes.c.run_id == run_id))
    return {tuple(key) for key in keys}


def _data(judged: JudgedUpload) -> dict[str, Any]:
    row = judged.candidate
    pet = None if row.pet_id is None else _typed("pet-", row.pet_id)
    return {"recording_id": _typed("rec-", row.key[0]), "pet_id": pet}


def _typed(prefix: str, stored: str) -> str:
    return stored if stored.startswith(prefix) else f"{prefix}{stored}"
