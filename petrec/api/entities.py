"""What ids identify, and which column of the database holds them."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, FromClause

from petrec.postgres.ids import is_text
from petrec.schema import Schema, base_type


class Entity(StrEnum):
    """What an id identifies; the value is its prefix on the wire.

    A vet is a user: both prefixes are understood for either.
    """

    PET = "pet"
    APPOINTMENT = "appt"
    RECORDING = "rec"
    VISIT = "visit"
    USER = "user"
    VET = "vet"
    OWNER = "owner"
    PRACTICE = "practice"

    @property
    def word(self) -> str:
        """Return what it is called in field names and error codes."""
        return self.name.lower()

    @property
    def prefixes(self) -> tuple[str, ...]:
        """Return the prefixes that are understood."""
        return _PEOPLE if self in _PEOPLE else (self.value,)


_PEOPLE = (Entity.USER, Entity.VET)
_FAMILIES = (
    frozenset({"smallint", "integer", "bigint", "numeric"}),
    frozenset({"text", "character varying", "character", "bpchar", "citext", "name"}),
)
IdColumns = Mapping[Entity, ColumnElement[Any] | None]


def alike(one: ColumnElement[Any], other: ColumnElement[Any]) -> bool:
    """Return whether a value from the caller can be compared with both columns."""
    kinds = {base_type(each).rpartition(".")[2] for each in (one, other)}
    return len(kinds) == 1 or any(kinds <= family for family in _FAMILIES)


def id_columns(schema: Schema) -> IdColumns:
    """Return the column that holds the ids of each entity, None where there is none."""
    recordings, appointments = schema.recordings, schema.appointments
    user = _user(_first(schema.users, "id"), _first(recordings, "recorded_by_user_id"))
    return {
        Entity.PET: schema.pets.c.id,
        Entity.APPOINTMENT: appointments.c.id,
        Entity.RECORDING: recordings.c.id,
        Entity.VISIT: _first(schema.kept_visits, "id"),
        Entity.USER: user,
        Entity.VET: user,
        Entity.OWNER: _first(
            schema.pets, "owner_id", fallback=_first(appointments, "pet_owner_id")
        ),
        Entity.PRACTICE: _first(appointments, "practice_id"),
    }


def text_columns(schema: Schema) -> dict[Entity, ColumnElement[Any]]:
    """Return the columns of the ids that are text."""
    found = id_columns(schema).items()
    return {entity: c for entity, c in found if c is not None and is_text(c)}


def _user(
    known: ColumnElement[Any] | None, author: ColumnElement[Any] | None
) -> ColumnElement[Any] | None:
    """Return the column that identifies users; the author column of recordings must have its type.

    A host may keep its accounts by ids of another type than the users of its clinic.
    """
    if known is None or author is None:
        return author if known is None else known
    return known if alike(known, author) else author


def _first(
    table: FromClause | None, name: str, fallback: ColumnElement[Any] | None = None
) -> ColumnElement[Any] | None:
    found = table.c.get(name) if table is not None else None
    return fallback if found is None else found
