"""The catalog's view of the columns of recordings that an upload writes or omits."""

from collections.abc import Sequence
from enum import StrEnum

import psycopg
from sqlalchemy import Text, bindparam, cast, select

from petrec.api.database import Database
from petrec.api.options import Options
from petrec.api.pooled import Connection
from petrec.api.statements import CompiledStatement
from petrec.api.uploads.new_recording import WRITTEN
from petrec.errors import SchemaMismatchError
from petrec.postgres.foreseen import MUST_BE_NAMED
from petrec.postgres.identifiers import qualified, quoted_table
from petrec.schema import PgType, Schema, UploadState, is_moment
from petrec.settings import Mapping
from petrec.storage.metadata import SHA256


class AuthorKey(StrEnum):
    """Who may record, according to the foreign key from a recording's author to the users."""

    NONE = "anyone"
    OPTIONAL = "others without an author"
    REQUIRED = "users only"


_UNFILLED = f"""
SELECT a.attname FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
WHERE a.attrelid = pg_catalog.to_regclass(%s) AND {MUST_BE_NAMED}
  AND NOT a.attname = ANY (%s) ORDER BY a.attnum
"""  # noqa: S608 - a constant
_TYPES = """
SELECT attname::text, pg_catalog.format_type(atttypid, atttypmod) FROM pg_catalog.pg_attribute
WHERE attrelid = pg_catalog.to_regclass(%s) AND attnum > 0 AND NOT attisdropped
"""
# Each is the same text as json, jsonb and text, but not a value of hstore or an array.
_METADATA = '{"a": 1}'
_WITH_DIGEST = f'{{"{SHA256}": "{"A" * 43}="}}'
_AUTHOR = """
SELECT a.attnotnull FROM pg_catalog.pg_attribute a
JOIN pg_catalog.pg_constraint k ON k.conrelid = a.attrelid AND k.contype = 'f'
  AND k.conkey = ARRAY[a.attnum] AND k.confrelid = pg_catalog.to_regclass(%s)
WHERE a.attrelid = pg_catalog.to_regclass(%s) AND a.attname = %s
"""


def check_inserts(connection: Connection, schema: Schema) -> None:
    """Refuse a table whose rows cannot be inserted here; errors: SchemaMismatchError."""
    table = schema.tables.recordings
    name = quoted_table(table)
    written = [table.c[key].name for key in WRITTEN if key in table.c]
    rows = connection.execute(_UNFILLED, (name, written)).fetchall()
    if rows:
        columns = ", ".join(str(row[0]) for row in rows)
        raise SchemaMismatchError(
            f"no recording can be inserted: NOT NULL without a default: {name}: {columns}",
            hint="give each of these columns a default",
        )


def check_values(database: Database, schema: Schema, options: Options) -> None:
    """Refuse columns that cannot hold what an upload writes; errors: SchemaMismatchError."""
    c = schema.recordings.c
    if not is_moment(c.created_at):
        kind = str(c.created_at.type)
        raise SchemaMismatchError(
            f"uploads need a date or timestamp in recordings.created_at, which is {kind}"
        )
    table = schema.tables.recordings
    if options.checksums and "recording_metadata" not in table.c:
        raise SchemaMismatchError(
            "checksums need a column recordings.recording_metadata, where the digest is kept",
            hint="map one, or turn checksums off",
        )
    with database.reading() as connection:
        types = dict(connection.execute(_TYPES, (quoted_table(table),)).fetchall())
    for key, choices in _choices(options).items():
        if key not in table.c:
            continue
        kind = types[table.c[key].name]
        lacking = [
            words[0]
            for words in choices
            if words and not any(_holds(database, kind, word) for word in words)
        ]
        if lacking:
            raise SchemaMismatchError(
                f"uploads need {' and '.join(lacking)} as values of recordings.{key}, "
                f"which is {kind}"
            )


def _choices(options: Options) -> dict[str, Sequence[Sequence[str]]]:
    """Return the values that uploads write, by column; each column must accept one of its list."""
    return {
        "status": [[word] for word in UploadState],
        "recording_type": [options.recording_types],
        "mime_type": [list(options.content_types)],
        "recording_metadata": [[_WITH_DIGEST if options.checksums else _METADATA]],
    }


def _holds(database: Database, kind: str, word: str) -> bool:
    """Return whether a value is the same after a cast to the type, which may have a length."""
    query = select(cast(cast(bindparam("word"), PgType(kind)), Text).label("held"))
    try:
        with database.reading() as connection:
            row = CompiledStatement(query).first(connection, {"word": word})
    except (psycopg.DataError, psycopg.IntegrityError, psycopg.errors.CannotCoerce):
        return False
    return row is not None and row.held == word


def author_key(database: Database, schema: Schema, mapping: Mapping) -> AuthorKey:
    """Return whether authors must be users, and whether the column may be NULL otherwise."""
    table = schema.tables.recordings
    if schema.users is None or "recorded_by_user_id" not in table.c:
        return AuthorKey.NONE
    name = quoted_table(table)
    target = qualified(mapping.schema, mapping.table("users"))
    author = table.c.recorded_by_user_id.name
    with database.reading() as connection:
        row = connection.execute(_AUTHOR, (target, name, author)).fetchone()
    if row is None:
        return AuthorKey.NONE
    return AuthorKey.REQUIRED if row[0] else AuthorKey.OPTIONAL
