"""Announce uploads by NOTIFY, as their completion does."""

import json
from collections.abc import Iterable

from sqlalchemy import Connection, Engine, select, text

from petrec.features.runs.journal.tables import changes
from petrec.features.uploads.judge import JudgedUpload, UploadFinding

_NOTIFY = text("SELECT count(pg_notify(:channel, told)) FROM unnest(CAST(:all AS text[])) told")
_AT_ONCE = 1_000


def announce(
    engine: Engine, judged: Iterable[JudgedUpload], run_id: int | None, channel: str
) -> int:
    """Announce the uploads that need it, those of a run only if it wrote them; returns how many.

    Nothing is announced without a channel.
    """
    if not channel:
        return 0
    with engine.begin() as connection:
        written = _written(connection, run_id)
    told = [
        _payload(one)
        for one in judged
        if one.is_announced
        and (one.finding is not UploadFinding.ARRIVED or one.candidate.key in written)
    ]
    for start in range(0, len(told), _AT_ONCE):
        with engine.begin() as connection:
            some = told[start : start + _AT_ONCE]
            connection.execute(_NOTIFY, {"channel": channel, "all": some})
    return len(told)


def _written(connection: Connection, run_id: int | None) -> set[tuple[str, ...]]:
    if run_id is None:
        return set()
    keys = connection.scalars(select(changes.c.row_key).where(changes.c.run_id == run_id))
    return {tuple(key) for key in keys}


def _payload(judged: JudgedUpload) -> str:
    row = judged.candidate
    pet = None if row.pet_id is None else _typed("pet-", row.pet_id)
    return json.dumps({"recording_id": _typed("rec-", row.key[0]), "pet_id": pet})


def _typed(prefix: str, stored: str) -> str:
    return stored if stored.startswith(prefix) else f"{prefix}{stored}"
