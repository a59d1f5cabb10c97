"""Names of people and the practice of a recording, where the database has them."""

from typing import Any

from sqlalchemy import ColumnElement, FromClause, Text, cast, func, null, select

from petrec.schema.columns import comparable
from petrec.schema.tables import Schema
from petrec.schema.writing import is_written_once, one_writing

_NULL: ColumnElement[Any] = null()


def name_of(people: FromClause | None, person: ColumnElement[Any] | None) -> ColumnElement[Any]:
    """Return the full name of the person with an id, or NULL where it cannot be known."""
    name = _read(people, person, "full_name")
    return name if name is _NULL else cast(name, Text)


def owner_of(schema: Schema, row: FromClause, column: str) -> ColumnElement[Any]:
    """Return the owner that a row names as text, the same for ids that are equal; or NULL."""
    owner = row.c.get(column)
    if owner is None:
        return _NULL
    if is_written_once(owner):
        return cast(owner, Text)
    known = _read(schema.pet_owners, owner, "id")
    return func.coalesce(cast(known, Text), one_writing(owner))


def practice_of(
    schema: Schema, recording: Any, appointment: FromClause
) -> ColumnElement[Any] | None:
    """Return the practice of the appointment, else of who recorded; None where nothing has one."""
    here = appointment.c.get("practice_id")
    recorder = _read(schema.users, recording.get("recorded_by_user_id"), "practice_id")
    if recorder is _NULL:
        return here
    if here is None:
        return recorder
    if str(here.type) == str(recorder.type):
        return func.coalesce(here, recorder)
    return func.coalesce(cast(here, Text), cast(recorder, Text))


def _read(
    people: FromClause | None, person: ColumnElement[Any] | None, column: str
) -> ColumnElement[Any]:
    if people is None or person is None or column not in people.c:
        return _NULL
    if not comparable(str(people.c.id.type), str(person.type)):
        return _NULL
    one = people.alias()
    found = select(one.c[column]).where(one.c.id == person).limit(1)
    return found.correlate_except(one).scalar_subquery()
