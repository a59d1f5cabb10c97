"""A window: only recordings created since a moment, so the answer is partial."""

import re
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, FromClause, cast, func, literal, select
from sqlalchemy import DateTime as Timestamp

from petrec.errors import SchemaMismatchError, UsageError
from petrec.phrases import Phrase, Phrased
from petrec.schema import PgType, Schema, base_type, is_moment
from petrec.source import Reader

_DURATION = re.compile(r"(\d{1,6})([mhdw])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def window_start(text: str, now: datetime) -> datetime:
    """Read a duration before `now` such as 7d, or a timestamp; errors: UsageError."""
    hint = "write a duration (30m, 24h, 7d, 2w) or a timestamp (2026-01-31, 2026-01-31T12:00:00Z)"
    found = _DURATION.fullmatch(text.strip())
    try:
        if found is not None:
            start = now - timedelta(**{_UNITS[found[2]]: int(found[1])})
        else:
            start = datetime.fromisoformat(text.strip())
        start = start.replace(tzinfo=start.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        raise UsageError(f"{text!r} is not a time", hint=hint) from None
    if start > now:
        raise UsageError(f"{text!r} is in the future", hint=hint)
    return start


def created_since(
    schema: Schema, start: datetime, rows: FromClause | None = None
) -> ColumnElement[bool]:
    """Return the condition of the window; errors: SchemaMismatchError.

    `rows` are the recordings, by default those that count.
    """
    columns = (schema.recordings if rows is None else rows).c
    table = schema.tables.recordings.fullname
    if "created_at" not in columns:
        hint = "map it in petrec.toml under [mapping.columns.recordings] created_at"
        raise SchemaMismatchError(Phrased(Phrase.WINDOW_NEEDS_COLUMN, table=table), hint=hint)
    column = columns.created_at
    if not is_moment(column):
        reason = f"{table}.{column.name} is {column.type}, not a date or timestamp"
        raise SchemaMismatchError(reason, hint=Phrased(Phrase.WINDOW_LEFT_OUT))
    # A domain's check applies to stored values, not to the start of the window.
    return column >= cast(literal(start, Timestamp(timezone=True)), PgType(base_type(column)))


def window(reader: Reader, schema: Schema, text: str | None) -> datetime | None:
    """Return the start of the window by the clock of what is read; None for no text.

    Errors: UsageError, and SchemaMismatchError if recordings have no moments.
    """
    if text is None:
        return None
    now: datetime = reader.execute(select(func.transaction_timestamp())).scalar_one()
    start = window_start(text, now)
    created_since(schema, start)
    return start
