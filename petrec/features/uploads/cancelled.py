"""Files of cancelled uploads: nothing plays them, and the store deletes them permanently."""

from collections.abc import Callable, Iterable, Sequence

from sqlalchemy import Connection, Engine, Text, bindparam, cast, func, select
from sqlalchemy.dialects.postgresql import ARRAY

from petrec.errors import StorageUnavailableError
from petrec.features.uploads.candidates import is_cancelled
from petrec.features.uploads.judge import JudgedUpload, UploadFinding
from petrec.schema import Schema
from petrec.storage.objects import ObjectRefusedError

_AT_ONCE = 500


def delete_cancelled(
    engine: Engine, schema: Schema, judged: Iterable[JudgedUpload], remove: Callable[[str], None]
) -> tuple[int, int]:
    """Delete the files; returns how many are gone, and how many the store refuses to delete.

    One whose recording has changed since, or that another recording names, stays; so do all that
    are left when the store ends to answer, for the next sweep to find.
    """
    found = (one for one in judged if one.finding is UploadFinding.CANCELLED)
    keys = [one.candidate.s3_key for one in found if one.candidate.s3_key]
    gone = refused = 0
    for start in range(0, len(keys), _AT_ONCE):
        with engine.begin() as connection:
            free = _still_cancelled(connection, schema, keys[start : start + _AT_ONCE])
        for key in free:
            try:
                remove(key)
            except ObjectRefusedError:
                refused += 1
            except StorageUnavailableError:
                return gone, len(keys) - gone
            else:
                gone += 1
    return gone, refused


def _still_cancelled(connection: Connection, schema: Schema, keys: Sequence[str]) -> list[str]:
    """Return the keys that cancelled recordings name, and no other ones."""
    c = schema.tables.recordings.c
    key = cast(c.s3_key, Text)
    given = cast(bindparam("keys", type_=ARRAY(Text)), ARRAY(Text))
    query = select(key).where(key == given.any_()).group_by(key)
    return list(
        connection.scalars(query.having(func.bool_and(is_cancelled(c))), {"keys": list(keys)})
    )
