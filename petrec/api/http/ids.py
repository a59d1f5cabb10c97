"""Ids on the wire: a prefix that says what they identify, then the id as in the database.

Text ids may be stored with that prefix: then they go over the wire as they are.
"""

import re
from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, FromClause

from petrec.api.http.errors import invalid_id
from petrec.api.options import IdStyle
from petrec.api.stored_ids import StoredIds
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
_ENTITIES = {prefix: entity for entity, prefixes in PREFIXES.items() for prefix in prefixes}
UUID_PATTERN = "[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_UUID = re.compile(UUID_PATTERN)
# PostgreSQL's text has no NUL, UTF-8 no surrogates.
_TEXT = re.compile(r"[^\x00\ud800-\udfff]{0,1000}", re.DOTALL)
_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,18}")
_BITS = {"smallint": 15, "integer": 31, "bigint": 63}
_TYPED = re.compile(r"(pet|appt|rec|visit|user|vet|owner|practice)-")


class Ids:
    """Reads and writes the ids of one database, by the types of its columns."""

    def __init__(self, schema: Schema, style: IdStyle, stored: StoredIds | None = None) -> None:
        self.columns = id_columns(schema)
        self.types = {
            name: "text" if c is None else str(c.type) for name, c in self.columns.items()
        }
        self.typed = style is IdStyle.TYPED
        self.stored = stored or StoredIds()

    def write(self, prefix: str, bare: str) -> str:
        """Return an id as it goes over the wire."""
        return self.prefixed(prefix, bare) if self.typed or not bare else bare

    def prefixed(self, prefix: str, bare: str) -> str:
        """Return an id with its prefix, or as it is where ids are stored with their prefixes."""
        entity = _ENTITIES[prefix]
        if bare and self.is_text(entity) and self.stored.has_prefix(entity, bare, PREFIXES[entity]):
            return bare
        return f"{prefix}-{bare}"

    def new(self, prefix: str, bare: str) -> str:
        """Return an id for a new row, as this database stores ids."""
        entity = _ENTITIES[prefix]
        return f"{prefix}-{bare}" if self.stored.are_prefixed(entity) else bare

    def maybe(self, prefix: str, bare: str | None) -> str | None:
        """Return an id that may be missing."""
        return None if bare is None else self.write(prefix, bare)

    def parse(self, entity: str, text: str, field: str) -> str:
        """Return the id as in the database; errors: ApiError `invalid_id`."""
        bare = self._bare(entity, text)
        if bare is None or not self.fits(entity, bare):
            raise invalid_id(field, f"{PREFIXES[entity][0]}-<{self.types[entity]}>")
        return bare.lower() if self.types[entity] == "uuid" else bare

    def claim(self, entity: str, given: str) -> str | None:
        """Return an id that a host or a token names, as in the database; None if it cannot be."""
        if self.is_text(entity):
            bare = self._bare(entity, given)
            # No token names another kind here: what looks like its prefix is the id's own.
            bare = given if bare is None else bare
        else:
            word, _, rest = given.partition("-")
            bare = rest if not self.fits(entity, given) and word.isalpha() else given
        return bare if self.fits(entity, bare) else None

    def _bare(self, entity: str, text: str) -> str | None:
        """Return the id without the prefix of the wire; None if the prefix is another entity's."""
        typed = _TYPED.match(text)
        if typed is None:
            return text
        rest = text[typed.end() :]
        # A prefix alone is the empty id, which has no other form.
        if rest and self.is_text(entity) and self.stored.knows(entity, text):
            return text
        return rest if typed[1] in PREFIXES[entity] else None

    def is_text(self, entity: str) -> bool:
        """Return whether ids are text, so that one may look like a prefix and another id."""
        return _is_text(self.types[entity])

    def fits(self, entity: str, bare: str) -> bool:
        """Return whether an id has the shape of the database's ids."""
        kind = self.types[entity]
        if kind == "uuid":
            return _UUID.fullmatch(bare) is not None
        if kind in _BITS:
            fits = _INTEGER.fullmatch(bare) is not None
            return fits and -(2 ** _BITS[kind]) <= int(bare) < 2 ** _BITS[kind]
        return _TEXT.fullmatch(bare) is not None


def text_columns(schema: Schema) -> dict[str, ColumnElement[Any]]:
    """Return the columns of the ids that are text."""
    found = id_columns(schema).items()
    return {name: c for name, c in found if c is not None and _is_text(str(c.type))}


def _is_text(kind: str) -> bool:
    return kind != "uuid" and kind not in _BITS


def id_columns(schema: Schema) -> dict[str, ColumnElement[Any] | None]:
    """Return the column that holds the ids of each entity, None where there is none."""
    recordings, appointments = schema.recordings, schema.appointments
    return {
        "pet": schema.pets.c.id,
        "appointment": appointments.c.id,
        "recording": recordings.c.id,
        "visit": _first(schema.kept_visits, "id"),
        "user": _first(schema.users, "id", fallback=_first(recordings, "recorded_by_user_id")),
        "owner": _first(schema.pets, "owner_id", fallback=_first(appointments, "pet_owner_id")),
        "practice": _first(appointments, "practice_id"),
    }


def _first(
    table: FromClause | None, name: str, fallback: ColumnElement[Any] | None = None
) -> ColumnElement[Any] | None:
    found = table.c.get(name) if table is not None else None
    return fallback if found is None else found
