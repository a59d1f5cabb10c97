"""Files of cancelled uploads: nothing plays them, and the store deletes them permanently."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from sqlalchemy import Connection, Engine, Text, bindparam, cast, func, select
from sqlalchemy.dialects.postgresql import ARRAY

from petrec.errors import StorageUnavailableError
from petrec.features.uploads.candidates import is_cancelled
from petrec.features.uploads.judge import JudgedUpload, UploadFinding
from petrec.features.uploads.sweep import Snapshot
from petrec.schema import Schema
from petrec.storage.metadata import is_noted_cancelled
from petrec.storage.objects import is_deleted

_AT_ONCE = 500


def without_shared(snapshot: Snapshot, judged: Sequence[JudgedUpload]) -> tuple[JudgedUpload, ...]:
    """Return the uploads without the cancelled ones whose file another recording needs.

    There is nothing to settle about these: their file stays.
    """
    free = set[str]()
    for keys in _pages(judged):
        with snapshot() as (connection, schema):
            free |= set(_still_cancelled(connection, schema, keys))
    return tuple(
        one
        for one in judged
        if one.finding is not UploadFinding.CANCELLED or one.candidate.s3_key in free
    )


def delete_cancelled(
    engine: Engine, schema: Schema, judged: Iterable[JudgedUpload], remove: Callable[[str], None]
) -> tuple[int, int]:
    """Delete the files; returns how many are gone, and how many the store has not deleted.

    One whose recording has changed since, or that another recording names, stays. A store that
    does not answer is asked for no other: the next sweep finds these files again.
    """
    gone = left = 0
    is_silent = False
    for keys in _pages(judged):
        with engine.begin() as connection:
            free = _still_cancelled(connection, schema, keys)
        for key in free:
            is_gone = False
            try:
                is_gone = not is_silent and is_deleted(remove, key)
            except StorageUnavailableError:
                is_silent = True
            gone, left = gone + is_gone, left + (not is_gone)
    return gone, left


def _pages(judged: Iterable[JudgedUpload]) -> Iterator[list[str]]:
    """Yield the keys of the files of cancelled uploads, each once."""
    found = (one for one in judged if one.finding is UploadFinding.CANCELLED)
    keys = list(dict.fromkeys(one.candidate.s3_key for one in found if one.candidate.s3_key))
    for start in range(0, len(keys), _AT_ONCE):
        yield keys[start : start + _AT_ONCE]


def _still_cancelled(connection: Connection, schema: Schema, keys: Sequence[str]) -> list[str]:
    """Return the keys that cancelled recordings name, and no other ones."""
    c = schema.tables.recordings.c
    key = cast(c.s3_key, Text)
    given = cast(bindparam("keys", type_=ARRAY(Text)), ARRAY(Text))
    noted = func.array_agg(cast(c.recording_metadata, Text), type_=ARRAY(Text))
    query = select(key, noted).where(key == given.any_()).group_by(key)
    found = connection.execute(query.having(func.bool_and(is_cancelled(c))), {"keys": keys})
    return [name for name, all_noted in found if all(map(is_noted_cancelled, all_noted))]
