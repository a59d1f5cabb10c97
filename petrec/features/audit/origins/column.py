"""What recordings can be grouped by, by the name that a user gives it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Text,
    case,
    cast,
    func,
    literal,
    null,
    select,
)
from sqlalchemy.types import Date

from petrec.documents.safe_text import plain
from petrec.errors import UsageError
from petrec.features.audit.origins.metadata import is_readable, known_keys, read_key
from petrec.rules.legible import legible
from petrec.schema import Schema, base_type, is_moment, one_writing
from petrec.schema.people import practice_of
from petrec.settings import LOGICAL_COLUMNS
from petrec.source import Source
from petrec.suggestions import did_you_mean

METADATA = "recording_metadata"
LONGEST_VALUE = 200
_MOST_NAMED = 15
_PREFIX = f"{METADATA}."
# Columns that differ in each recording, or that hold what no report should show.
_REFUSED = frozenset(
    {"id", "filename", "original_filename", "s3_key", "s3_url", "transcript_text", METADATA}
)
# What precedes a value, so that no value looks like the absence of one.
STATED, NOT_STATED, NOT_READABLE = "=", "-", "?"

Key = Callable[[Any, FromClause], ColumnElement[Any]]
Write = Callable[[ColumnElement[Any]], ColumnElement[str]]


@dataclass(frozen=True)
class OriginColumn:
    """What recordings are grouped by, with the meaning in words.

    `key` builds, from the columns of a recording and the appointment joined to it, a text that is
    never NULL: STATED and the value, NOT_STATED or NOT_READABLE.
    """

    name: str
    meaning: str
    key: Key
    joins_appointment: bool = False


def origin_column(source: Source, schema: Schema, name: str) -> OriginColumn:
    """Return what a name stands for; errors: UsageError, with the nearest names."""
    if name == "month":
        return _month(schema)
    derived, write = {"practice": _practice, "vet": _vet}, writing_of(source)
    if name in derived:
        return derived[name](schema, write)
    columns = schema.recordings.c
    if name in columns and name not in _REFUSED:
        return _own(schema, name, write)
    key = name.removeprefix(_PREFIX)
    if METADATA in columns and name not in LOGICAL_COLUMNS["recordings"]:
        column = columns[METADATA]
        if is_readable(column) and _is_stated(source, schema, key):
            return _metadata(source, schema, key)
    raise _unknown(source, schema, name)


def writing_of(source: Source) -> Write:
    """Return how a value is written; other engines read as texts what a type may hold equal."""
    return one_writing if source.is_database else lambda value: cast(value, Text)


def _own(schema: Schema, name: str, write: Write) -> OriginColumn:
    column = schema.tables.recordings.c[name]

    def key(recording: Any, _: FromClause) -> ColumnElement[Any]:
        return _key(schema, write(recording[name]))

    return OriginColumn(name, f"recordings.{column.name}", key)


def _practice(schema: Schema, write: Write) -> OriginColumn:
    if practice_of(schema, schema.recordings.c, schema.appointments) is None:
        raise _lacking("practice", "appointments.practice_id")

    def key(recording: Any, here: FromClause) -> ColumnElement[Any]:
        practice = practice_of(schema, recording, here)
        return _key(schema, null() if practice is None else write(practice))

    meaning = "practice of the appointment, else of who recorded"
    return OriginColumn("practice", meaning, key, joins_appointment=True)


def _vet(schema: Schema, write: Write) -> OriginColumn:
    own, others = "recorded_by_user_id", "assigned_vet_user_id"
    if own not in schema.recordings.c and others not in schema.appointments.c:
        raise _lacking("vet", f"appointments.{others}")

    def key(recording: Any, here: FromClause) -> ColumnElement[Any]:
        people = (here.c.get(others), recording.get(own))
        texts = [write(person) for person in people if person is not None]
        return _key(schema, func.coalesce(*texts))

    meaning = "vet of the appointment, else who recorded"
    return OriginColumn("vet", meaning, key, joins_appointment=True)


def _month(schema: Schema) -> OriginColumn:
    created = schema.recordings.c.get("created_at")
    if created is None or not is_moment(created):
        raise _lacking("month", "recordings.created_at, as a date or timestamp")
    first, last = (cast(literal(day, Text), Date) for day in ("0001-01-01", "9999-12-31"))
    zoned = base_type(created).endswith("with time zone")

    def key(recording: Any, _: FromClause) -> ColumnElement[Any]:
        moment = recording.created_at
        local = func.timezone("UTC", moment) if zoned else moment
        month = func.to_char(local, "YYYY-MM")
        unusual = (moment.is_not(None), NOT_READABLE)
        return case((moment.between(first, last), _stated(month)), unusual, else_=NOT_STATED)

    return OriginColumn("month", "month of recordings.created_at, UTC", key)


def _metadata(source: Source, schema: Schema, key: str) -> OriginColumn:
    def built(recording: Any, _: FromClause) -> ColumnElement[Any]:
        value, unreadable = read_key(source.database, schema, recording[METADATA], key)
        return case((unreadable, NOT_READABLE), else_=_key(schema, value))

    return OriginColumn(key, f"{key} in recordings.{METADATA}", built)


def _key(schema: Schema, value: ColumnElement[Any]) -> ColumnElement[Any]:
    text = legible(schema, func.left(cast(value, Text), LONGEST_VALUE))
    return func.coalesce(_stated(text), NOT_STATED)


def _stated(value: ColumnElement[Any]) -> ColumnElement[Any]:
    return literal(STATED, Text).concat(value)


def _is_stated(source: Source, schema: Schema, key: str) -> bool:
    value, _ = read_key(source.database, schema, schema.recordings.c[METADATA], key)
    some = select(schema.recordings.c.id).where(value.is_not(None)).limit(1)
    return source.execute(some).first() is not None


def _lacking(what: str, column: str) -> UsageError:
    return UsageError(
        f"recordings cannot be grouped by {what}: there is no {column}",
        hint="map the column in petrec.toml",
    )


def _unknown(source: Source, schema: Schema, name: str) -> UsageError:
    columns = schema.recordings.c
    if name in _REFUSED & set(columns.keys()):
        reason = f"recordings cannot be grouped by {name}: each recording has its own"
        return UsageError(reason, hint="name a column whose values many recordings share")
    if name in LOGICAL_COLUMNS["recordings"] - _REFUSED:
        return _lacking(name, f"recordings.{name}")
    known = _known(source, schema)
    hint = did_you_mean(name, known) or f"choose one of: {', '.join(known[:_MOST_NAMED])}"
    return UsageError(f"no column or metadata key is named {plain(name)}", hint=plain(hint))


def _known(source: Source, schema: Schema) -> list[str]:
    """Return what recordings can be grouped by: what is usual first, and keys of some rows."""
    columns = schema.recordings.c
    usual = [c for c in ("status", "recording_type") if c in columns] + ["practice", "vet", "month"]
    keys: set[str] = set()
    if METADATA in columns and is_readable(columns[METADATA]):
        keys = known_keys(source.database, schema, columns[METADATA])
    return list(dict.fromkeys([*usual, *sorted(keys), *sorted({*columns.keys()} - _REFUSED)]))
