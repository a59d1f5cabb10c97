"""Delete recordings and what petrec keeps of them, in one transaction a batch.

The key of each file is noted in the same transaction: the store deletes it after the commit, so
that no file is deleted whose row stays.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    Text,
    cast,
    delete,
    insert,
    null,
    select,
    text,
    tuple_,
)
from sqlalchemy.exc import DBAPIError

from petrec.features.retention.journal import erase_journal
from petrec.features.retention.table import erasures
from petrec.features.runs.batches.refused import name_refusal
from petrec.features.runs.batches.rewritten import IMMEDIATE
from petrec.features.runs.errors import is_refusal, is_transient
from petrec.features.runs.journal.keys import key_of
from petrec.features.runs.result import MovedOn
from petrec.features.runs.targets import target_name
from petrec.schema import Schema

AT_ONCE = 500
_HELD = "another session holds it, or a row that refers to it"
_SUPPRESSED = "a trigger suppressed the deletion"
# Deletions wait only briefly for locks: the application uses these rows, too.
_BOUNDED = text("""
SELECT set_config('lock_timeout', '2s', true), set_config('statement_timeout', '60s', true)
""")


@dataclass
class Erased:
    """How many recordings and journal rows are gone, and which recordings stayed, and why."""

    recordings: int = 0
    journaled: int = 0
    left: list[MovedOn] = field(default_factory=list)


@dataclass(frozen=True)
class Erasure:
    """What one command erases; `bucket` is where the files are."""

    schema: Schema
    chosen: ColumnElement[bool]
    bucket: str

    def next_keys(
        self, connection: Connection, after: Sequence[str]
    ) -> list[Row[tuple[list[str]]]]:
        """Return the next keys in the order of the primary key."""
        recordings = self.schema.tables.recordings
        columns = [recordings.c[name] for name in self.schema.key]
        query = select(key_of(self.schema, recordings.c).label("row_key")).where(self.chosen)
        if after:
            given = [cast(value, c.type) for value, c in zip(after, columns, strict=True)]
            query = query.where(tuple_(*columns) > tuple_(*given))
        return list(connection.execute(query.order_by(*columns).limit(AT_ONCE)))

    def erase(self, connection: Connection, keys: Sequence[Sequence[str]], done: Erased) -> None:
        """Delete recordings that are still chosen, in a transaction of its own."""
        try:
            with connection.begin():
                connection.execute(_BOUNDED)
                batch = self.erase_within(connection, keys)
        except DBAPIError as error:
            if not (is_refusal(error) or is_transient(error)):
                raise
            if len(keys) > 1:
                half = len(keys) // 2
                for some in (keys[:half], keys[half:]):
                    self.erase(connection, some, done)
                return
            batch = Erased(left=[MovedOn(keys[0][0], self._reason(connection, error))])
        done.recordings += batch.recordings
        done.journaled += batch.journaled
        done.left += batch.left

    def _reason(self, connection: Connection, error: DBAPIError) -> str:
        if not is_refusal(error):
            return _HELD
        with connection.begin():
            return str(name_refusal(connection, self.schema, error))

    def erase_within(self, connection: Connection, keys: Sequence[Sequence[str]]) -> Erased:
        """Delete recordings that are still chosen, in a transaction of the caller's."""
        locked = self._lock(connection, keys)
        gone = self._delete(connection, locked)
        connection.execute(IMMEDIATE)
        files = [row.s3_key for row in locked if tuple(row.row_key) in gone and row.s3_key]
        if files:
            named = {"target": target_name(self.schema), "bucket": self.bucket}
            connection.execute(insert(erasures), [named | {"s3_key": key} for key in files])
        journaled = erase_journal(connection, self.schema, [key[0] for key in gone])
        had = {tuple(row.row_key) for row in locked}
        left = [
            MovedOn(row.row_key[0], _SUPPRESSED if tuple(row.row_key) in had else _HELD)
            for row in self._read(connection, keys)
        ]
        return Erased(len(gone), journaled, left)

    def _read(self, connection: Connection, keys: Sequence[Sequence[str]]) -> list[Row[Any]]:
        return list(connection.execute(self._rows(keys)))

    def _lock(self, connection: Connection, keys: Sequence[Sequence[str]]) -> list[Row[Any]]:
        return list(connection.execute(self._rows(keys).with_for_update(skip_locked=True)))

    def _rows(self, keys: Sequence[Sequence[str]]) -> Select[Any]:
        recordings = self.schema.tables.recordings
        file = recordings.c.s3_key if "s3_key" in recordings.c else null()
        query = select(
            key_of(self.schema, recordings.c).label("row_key"), cast(file, Text).label("s3_key")
        )
        return query.where(self.chosen, _is_one_of(self.schema, keys))

    def _delete(self, connection: Connection, locked: Sequence[Row[Any]]) -> set[tuple[str, ...]]:
        if not locked:
            return set()
        recordings = self.schema.tables.recordings
        query = delete(recordings).where(_is_one_of(self.schema, [row.row_key for row in locked]))
        kept = query.returning(key_of(self.schema, recordings.c))
        return {tuple(key) for key in connection.scalars(kept)}


def _is_one_of(schema: Schema, keys: Sequence[Sequence[str]]) -> ColumnElement[bool]:
    c = schema.tables.recordings.c
    columns = [c[name] for name in schema.key]
    given = [
        tuple_(*(cast(text, c.type) for text, c in zip(key, columns, strict=True))) for key in keys
    ]
    return tuple_(*columns).in_(given)
