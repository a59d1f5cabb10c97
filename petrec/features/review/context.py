"""What a person decides a case by, as text: the recording, its appointment and its people."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Numeric, Text, cast, func, null

from petrec.features.review.clock import Clock
from petrec.schema import Schema, base_type, is_moment
from petrec.schema.people import name_of, practice_of

_NUMBERS = {"smallint", "integer", "bigint", "numeric", "real", "double precision"}


def case_context(
    schema: Schema, recording: Any, here: FromClause, clock: Clock
) -> Iterator[tuple[str, ColumnElement[Any]]]:
    """Yield name and text of what the database has to decide a case by."""
    columns = (("created_at", "status", "original_filename", "transcript_text"), recording)
    yield from _columns(*columns, clock)
    if (length := recording.get("duration_seconds")) is not None:
        yield "length", _length(length)
    yield "recorded_by", name_of(schema.users, recording.get("recorded_by_user_id"))
    yield from _columns(("appointment_date", "title", "notes"), here.c, clock)
    yield "vet", name_of(schema.users, here.c.get("assigned_vet_user_id"))
    yield "owner", name_of(schema.pet_owners, here.c.get("pet_owner_id"))
    practice = practice_of(schema, recording, here)
    yield "practice", null() if practice is None else cast(practice, Text)


def pet_details(pets: FromClause) -> Iterator[ColumnElement[Any]]:
    """Yield what distinguishes pets of one name: species, breed, birth date, weight."""
    for name in ("species", "breed"):
        if name in pets.c:
            yield cast(pets.c[name], Text)
    if (born := pets.c.get("birth_date")) is not None:
        day = func.date(born) if is_moment(born) else born
        yield "born " + cast(day, Text)
    if (weight := pets.c.get("weight_kg")) is not None:
        yield cast(weight, Text) + " kg"


def _columns(
    names: tuple[str, ...], columns: Any, clock: Clock
) -> Iterator[tuple[str, ColumnElement[Any]]]:
    for name in names:
        if name in columns:
            column = columns[name]
            yield name, clock.text(column) if is_moment(column) else cast(column, Text)


def _length(seconds: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return minutes and seconds, such as 3:05; a value that is no number, as it is."""
    if base_type(seconds) not in _NUMBERS:
        return cast(seconds, Text)
    whole = func.floor(cast(seconds, Numeric))
    minutes = cast(func.div(whole, 60), Text)
    rest = func.lpad(cast(func.mod(whole, 60), Text), 2, "0")
    return minutes + ":" + rest
