"""Ids on the wire: a prefix that says what they identify, then the id as in the database."""

import re
from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, FromClause

from petrec.api.errors import invalid_id
from petrec.api.options import IdStyle
from petrec.schema import Schema

PREFIXES: Mapping[str, tuple[str, ...]] = {
    "pet": ("pet",),
    "appointment": ("appt",),
    "recording": ("rec",),
    "visit": ("visit",),
    "user": ("user", "vet"),
    "owner": ("owner",),
    "practice": ("practice",),
}
UUID_PATTERN = "[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_UUID = re.compile(UUID_PATTERN)
_TEXT = re.compile(r"[^\x00-\x1f\x7f]{1,200}")
_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,18}")
_BITS = {"smallint": 15, "integer": 31, "bigint": 63}
_TYPED = re.compile(r"(pet|appt|rec|visit|user|vet|owner|practice)-")


class Ids:
    """Reads and writes the ids of one database, by the types of its columns."""

    def __init__(self, schema: Schema, style: IdStyle) -> None:
        self.types = _types(schema)
        self.typed = style is IdStyle.TYPED

    def write(self, prefix: str, bare: str) -> str:
        """Return an id as it goes over the wire."""
        return f"{prefix}-{bare}" if self.typed else bare

    def maybe(self, prefix: str, bare: str | None) -> str | None:
        """Return an id that may be missing."""
        return None if bare is None else self.write(prefix, bare)

    def parse(self, entity: str, text: str, field: str) -> str:
        """Return the id as in the database; errors: ApiError `invalid_id`."""
        bare = text
        if (typed := _TYPED.match(text)) is not None:
            if typed[1] not in PREFIXES[entity]:
                raise self._invalid(entity, field)
            bare = text[typed.end() :]
        if not self.fits(entity, bare):
            raise self._invalid(entity, field)
        return bare.lower() if self.types[entity] == "uuid" else bare

    def fits(self, entity: str, bare: str) -> bool:
        """Say whether an id has the shape of the database's ids."""
        kind = self.types[entity]
        if kind == "uuid":
            return _UUID.fullmatch(bare) is not None
        if kind in _BITS:
            fits = _INTEGER.fullmatch(bare) is not None
            return fits and -(2 ** _BITS[kind]) <= int(bare) < 2 ** _BITS[kind]
        return _TEXT.fullmatch(bare) is not None

    def _invalid(self, entity: str, field: str) -> Exception:
        return invalid_id(field, f"{PREFIXES[entity][0]}-<{self.types[entity]}>")


def _types(schema: Schema) -> dict[str, str]:
    recordings, appointments = schema.recordings, schema.appointments
    columns = {
        "pet": schema.pets.c.id,
        "appointment": appointments.c.id,
        "recording": recordings.c.id,
        "visit": _first(schema.kept_visits, "id"),
        "user": _first(schema.users, "id", fallback=_first(recordings, "recorded_by_user_id")),
        "owner": _first(schema.pets, "owner_id", fallback=_first(appointments, "pet_owner_id")),
        "practice": _first(appointments, "practice_id"),
    }
    return {name: "text" if c is None else str(c.type) for name, c in columns.items()}


def _first(
    table: FromClause | None, name: str, fallback: ColumnElement[Any] | None = None
) -> ColumnElement[Any] | None:
    found = table.c.get(name) if table is not None else None
    return fallback if found is None else found
