"""Files of erased recordings: the store deletes them, after the rows are gone."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from functools import partial

from sqlalchemy import Connection, Text, bindparam, cast, delete, func, select
from sqlalchemy.dialects.postgresql import ARRAY

from petrec.features.retention.table import erasures, has_erasures
from petrec.features.runs.targets import target_name
from petrec.schema import Schema
from petrec.storage.objects import is_deleted

Begin = Callable[[], AbstractContextManager[Connection]]
Delete = Callable[[str], None]

_AT_ONCE, _THREADS = 500, 16


def count_files(connection: Connection, schema: Schema, bucket: str) -> tuple[int, int]:
    """Return how many files of erased recordings are left: in this bucket, and in others."""
    if not has_erasures(connection):
        return 0, 0
    is_here = erasures.c.bucket == bucket
    counts = select(func.count().filter(is_here), func.count().filter(~is_here))
    here, elsewhere = connection.execute(
        counts.where(erasures.c.target == target_name(schema))
    ).one()
    return here, elsewhere


def delete_files(
    begin: Begin, schema: Schema, bucket: str, remove: Delete, only: str | None = None
) -> int:
    """Delete the noted files of a bucket; returns how many. Errors: StorageUnavailableError.

    `begin` opens a transaction: none is open while the store is asked.
    A file that another recording names stays. One that the store refuses to delete stays noted.
    `only` is the key of the one file to delete.
    """
    mine = [erasures.c.target == target_name(schema), erasures.c.bucket == bucket]
    mine += [] if only is None else [erasures.c.s3_key == only]
    after = deleted = 0
    while True:
        query = select(erasures.c.id, erasures.c.s3_key).where(*mine, erasures.c.id > after)
        with begin() as connection:
            page = connection.execute(query.order_by(erasures.c.id).limit(_AT_ONCE)).all()
            kept = _named_elsewhere(connection, schema, [row.s3_key for row in page])
        if not page:
            return deleted
        keys = [row.s3_key for row in page if row.s3_key not in kept]
        with ThreadPoolExecutor(_THREADS) as pool:
            gone = pool.map(partial(is_deleted, remove), keys)
            done = {key for key, is_gone in zip(keys, gone, strict=True) if is_gone}
        settled = [row.id for row in page if row.s3_key in done or row.s3_key in kept]
        with begin() as connection:
            connection.execute(delete(erasures).where(erasures.c.id.in_(settled)))
        deleted += len(done)
        after = page[-1].id


def _named_elsewhere(connection: Connection, schema: Schema, keys: Sequence[str]) -> set[str]:
    """Return the keys that recordings still name."""
    c = schema.tables.recordings.c
    if not keys or "s3_key" not in c:
        return set()
    given = cast(bindparam("keys", type_=ARRAY(Text)), ARRAY(Text))
    key = cast(c.s3_key, Text)
    query = select(key).where(key == given.any_())
    return set(connection.scalars(query, {"keys": list(keys)}))
