"""Recordings whose upload may need a look, read page by page so that no snapshot stays open."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Text,
    and_,
    cast,
    false,
    func,
    literal,
    null,
    or_,
    select,
    true,
    tuple_,
)
from sqlalchemy import DateTime as Timestamp

from petrec.errors import SchemaMismatchError
from petrec.features.runs.journal.keys import Columns, key_of
from petrec.schema import FAILED, PgType, Schema, UploadState, base_type, is_moment
from petrec.storage.metadata import CANCELLED

_NEEDED = ("created_at", "status", "s3_key")
_TEXTS = ("status", "s3_key", "mime_type", "recording_metadata", "updated_at", "pet_id")


@dataclass(frozen=True)
class UploadRow:
    """A recording with an upload; values as text, `since` when it was last written."""

    key: tuple[str, ...]
    status: str
    s3_key: str | None
    mime_type: str | None
    recording_metadata: str | None
    updated_at: str | None
    pet_id: str | None
    is_processed: bool
    since: datetime | None


def check_columns(schema: Schema) -> None:
    """Check that recordings have the columns of an upload; errors: SchemaMismatchError."""
    lacking = [name for name in _NEEDED if name not in schema.recordings.c]
    if lacking:
        raise SchemaMismatchError(
            f"uploads need columns of recordings: {', '.join(lacking)}",
            hint="map them in petrec.toml under [mapping.columns.recordings]",
        )


def read_candidates(
    connection: Connection,
    schema: Schema,
    within: ColumnElement[bool],
    before: datetime,
    after: Sequence[str],
    limit: int,
) -> list[UploadRow]:
    """Return the next candidates by key that nobody has written since `before`."""
    query = _query(schema).where(within, _written_before(schema, before))
    keys = schema.recordings.c
    if after:
        parts = [
            cast(literal(text), keys[n].type) for n, text in zip(schema.key, after, strict=True)
        ]
        query = query.where(tuple_(*(keys[n] for n in schema.key)) > tuple_(*parts))
    query = query.order_by(*(keys[n] for n in schema.key)).limit(limit)
    return [_candidate(dict(row)) for row in connection.execute(query).mappings()]


def _candidate(row: dict[str, Any]) -> UploadRow:
    return UploadRow(key=tuple(row.pop("row_key")), **row)


def _query(schema: Schema) -> Select[Any]:
    c = schema.recordings.c
    texts = [cast(c[n] if n in c else null(), Text).label(n) for n in _TEXTS]
    moments = [cast(moment, Timestamp(timezone=True)) for moment in _moments(schema)]
    return select(
        key_of(schema, c).label("row_key"),
        *texts,
        _is_processed(schema).label("is_processed"),
        func.greatest(*moments).label("since"),
    ).where(or_(cast(c.status, Text).in_(list(UploadState)), is_cancelled(c)))


def is_cancelled(c: Columns) -> ColumnElement[bool]:
    """Return whether the API has noted that a failed upload was cancelled, or seems to have."""
    if "recording_metadata" not in c:
        return false()
    noted = cast(c.recording_metadata, Text).contains(f'"{CANCELLED}"', autoescape=True)
    return and_(cast(c.status, Text) == FAILED, func.coalesce(noted, false()))


def _moments(schema: Schema) -> list[ColumnElement[Any]]:
    c = schema.recordings.c
    return [c[n] for n in ("created_at", "updated_at") if n in c and is_moment(c[n])]


def _written_before(schema: Schema, moment: datetime) -> ColumnElement[bool]:
    given = literal(moment, Timestamp(timezone=True))
    return and_(
        *(or_(c.is_(None), c < cast(given, PgType(base_type(c)))) for c in _moments(schema))
    )


def _is_processed(schema: Schema) -> ColumnElement[bool]:
    """Return whether something processes the file, or has; true if no column could say so."""
    c = schema.recordings.c
    flags = [
        c[n] for n in ("is_transcribed", "is_processing") if n in c and base_type(c[n]) == "boolean"
    ]
    known: list[ColumnElement[Any]] = [func.coalesce(flag, false()) for flag in flags]
    if "transcript_text" in c:
        known.append(c.transcript_text.is_not(None))
    return or_(*known) if known else true()
