"""Names of people and the practice of a recording, where the database has them."""

from typing import Any

from sqlalchemy import ColumnElement, FromClause, Text, cast, func, null, select

from petrec.schema.columns import comparable
from petrec.schema.tables import Schema

_NULL: ColumnElement[Any] = null()


def name_of(people: FromClause | None, person: ColumnElement[Any] | None) -> ColumnElement[Any]:
    """Return the full name of the person with an id, or NULL where it cannot be known."""
    return _read(people, person, "full_name")


def practice_of(
    schema: Schema, recording: Any, appointment: FromClause
) -> ColumnElement[Any] | None:
    """Return the practice of the appointment, else of who recorded; None where nothing has one."""
    here = appointment.c.get("practice_id")
    recorder = _read(schema.users, recording.get("recorded_by_user_id"), "practice_id")
    if here is None and recorder is _NULL:
        return None
    return recorder if here is None else func.coalesce(cast(here, Text), recorder)


def _read(
    people: FromClause | None, person: ColumnElement[Any] | None, column: str
) -> ColumnElement[Any]:
    if people is None or person is None or column not in people.c:
        return _NULL
    if not comparable(str(people.c.id.type), str(person.type)):
        return _NULL
    one = people.alias()
    found = select(cast(one.c[column], Text)).where(one.c.id == person).limit(1)
    return found.correlate_except(one).scalar_subquery()
