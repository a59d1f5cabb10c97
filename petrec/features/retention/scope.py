"""Which recordings are erased: by age, by pet, by owner, by their own id."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import (
    ColumnElement,
    Connection,
    Text,
    and_,
    cast,
    exists,
    func,
    literal,
    not_,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY

from petrec.errors import SchemaMismatchError, UsageError
from petrec.postgres.ids import normal_ids
from petrec.rules.window import created_since, window_start
from petrec.schema import Schema, Tables


@dataclass(frozen=True)
class RetentionScope:
    """Recordings of these pets, owners and ids; of all where none is named.

    `older_than` narrows them to those created before: a duration (2w, 3650d) or a moment.
    """

    older_than: str | None = None
    pets: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    recordings: tuple[str, ...] = ()

    @property
    def names_some(self) -> bool:
        """Return whether pets, owners or recordings are named."""
        return bool(self.pets or self.owners or self.recordings)


def chosen(connection: Connection, schema: Schema, scope: RetentionScope) -> ColumnElement[bool]:
    """Return the condition of the recordings, also of those that [mapping.where] hides.

    Errors: UsageError where nothing is chosen, SchemaMismatchError.
    """
    if not (scope.older_than or scope.names_some):
        raise UsageError("nothing is chosen", hint="name an age, a pet, an owner or a recording")
    parts: list[ColumnElement[bool]] = []
    if scope.older_than is not None:
        now = connection.execute(select(func.transaction_timestamp())).scalar_one()
        start = window_start(scope.older_than, now)
        # Rows without a time have no age.
        parts.append(not_(created_since(schema, start, schema.tables.recordings)))
    if scope.names_some:
        parts.append(or_(*_named(connection, schema.tables, scope)))
    return and_(*parts)


def _named(
    connection: Connection, tables: Tables, scope: RetentionScope
) -> list[ColumnElement[bool]]:
    c = tables.recordings.c
    found: list[ColumnElement[bool]] = []
    if scope.recordings:
        found.append(_is_any(connection, c.id, scope.recordings))
    if scope.pets:
        found.append(_is_any(connection, c.pet_id, scope.pets))
    if scope.owners:
        found += _owned(connection, tables, scope.owners)
    return found


def _owned(
    connection: Connection, tables: Tables, owners: Sequence[str]
) -> list[ColumnElement[bool]]:
    """Return those of the owner's pets, and those without a pet of the owner's appointments."""
    c, pets, appointments = tables.recordings.c, tables.pets, tables.appointments
    found: list[ColumnElement[bool]] = []
    if "owner_id" in pets.c:
        mine = _is_any(connection, pets.c.owner_id, owners)
        found.append(exists().where(pets.c.id == c.pet_id, mine))
    if "pet_owner_id" in appointments.c:
        mine = _is_any(connection, appointments.c.pet_owner_id, owners)
        of_owner = exists().where(appointments.c.id == c.appointment_id, mine)
        found.append(and_(c.pet_id.is_(None), of_owner))
    if not found:
        raise SchemaMismatchError(
            "neither pets nor appointments name their owner",
            hint="map pets.owner_id or appointments.pet_owner_id in petrec.toml",
        )
    return found


def _is_any(
    connection: Connection, column: ColumnElement[str], texts: Sequence[str]
) -> ColumnElement[bool]:
    """Compare with ids; errors: UsageError for what is none of this column's type."""
    known = normal_ids(connection, column, texts)
    for text in texts:
        if text not in known:
            raise UsageError(f"{text!r} is not an id of {column.key}, which is {column.type}")
    return column == func.any(cast(literal(list(texts), ARRAY(Text)), ARRAY(column.type)))
