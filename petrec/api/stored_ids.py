"""What the database knows of text ids: whether they are stored with their prefix, and which exist.

`pet-5` on the wire may be the pet `pet-5` or the pet `5`. Where any pet is stored with the prefix,
all pets go over the wire as they are; and a pet that is stored as it came is that pet.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Select, Text, bindparam, cast, exists, func, or_, select

from petrec.api.database import Database
from petrec.api.entities import Entity
from petrec.api.statements import CompiledStatement

# The ids of these may be in any column; those of the others are looked up by a primary key.
_UNKEYED = (Entity.OWNER, Entity.PRACTICE)


class StoredIds:
    """Without a database, no id is stored with its prefix."""

    def __init__(self) -> None:
        self._prefixed: set[Entity] = set()

    def are_prefixed(self, entity: Entity) -> bool:
        """Return whether ids of this kind carry their prefix in the database."""
        return entity in self._prefixed

    def has_prefix(self, entity: Entity, bare: str) -> bool:
        """Return whether ids of this kind carry their prefix in the database, as this one may."""
        if entity not in self._prefixed and bare.startswith(_starts(entity)):
            self._prefixed.add(entity)
        return entity in self._prefixed

    def knows(self, entity: Entity, text: str) -> bool:
        """Return whether an id is stored in exactly this form."""
        del text
        return entity in self._prefixed


class DatabaseIds(StoredIds):
    """Asks once for each kind of text id, and for each id that has a prefix."""

    def __init__(self, database: Database, columns: Mapping[Entity, ColumnElement[Any]]) -> None:
        """Look at `columns`, those of text, for ids with prefixes; errors: the database's."""
        super().__init__()
        self._database = database
        self._known = {
            entity: CompiledStatement(
                select(exists().where(column == bindparam("id")).label("found"))
            )
            for entity, column in columns.items()
            if entity not in _UNKEYED and column.key == "id"
        }
        with database.reading() as connection:
            for entity, column in columns.items():
                row = CompiledStatement(_any_prefixed(entity, column)).first(connection, {})
                if row is not None and row.found:
                    self._prefixed.add(entity)

    def knows(self, entity: Entity, text: str) -> bool:
        """Return whether an id is stored in exactly this form, now."""
        statement = self._known.get(entity)
        if statement is None or "\x00" in text:
            return super().knows(entity, text)
        with self._database.reading() as connection:
            row = statement.first(connection, {"id": text})
        return row is not None and bool(row.found)


def _starts(entity: Entity) -> tuple[str, ...]:
    return tuple(f"{prefix}-" for prefix in entity.prefixes)


def _any_prefixed(entity: Entity, column: ColumnElement[Any]) -> Select[Any]:
    # PostgreSQL compares starts by no nondeterministic collation.
    text = cast(column, Text).collate("C")
    starts = [func.starts_with(text, start) for start in _starts(entity)]
    return select(exists().where(or_(*starts)).label("found"))
