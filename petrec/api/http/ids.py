"""Ids on the wire: a prefix for the kind of object, then the id as in the database.

Text ids may be stored with that prefix: then they go over the wire as they are.
"""

import re
from collections.abc import Callable
from functools import partial

from petrec.api.entities import Entity, id_columns
from petrec.api.http.errors import invalid_id
from petrec.api.options import IdStyle
from petrec.api.stored_ids import StoredIds
from petrec.postgres.ids import UUID_PATTERN, has_shape, is_integer, is_text
from petrec.schema import Schema, base_type

_TYPED = re.compile(f"({'|'.join(Entity)})-")


class Ids:
    """Reads and writes the ids of one database, by the types of its columns."""

    def __init__(self, schema: Schema, style: IdStyle, stored: StoredIds | None = None) -> None:
        self.columns = id_columns(schema)
        self.typed = style is IdStyle.TYPED
        self.stored = stored or StoredIds()
        self._types = {
            entity: "text" if c is None else base_type(c) for entity, c in self.columns.items()
        }

        self._texts = {entity for entity, c in self.columns.items() if c is None or is_text(c)}

    def write(self, entity: Entity, bare: str) -> str:
        """Return an id as it goes over the wire."""
        return self.prefixed(entity, bare) if self.typed or not bare else bare

    def writer(self, entity: Entity) -> Callable[[str], str]:
        """Return what `write` does for one entity, decided once for the rows of a page."""
        if self.is_text(entity):
            return partial(self.write, entity)
        return f"{entity}-".__add__ if self.typed else str

    def prefixed(self, entity: Entity, bare: str) -> str:
        """Return an id with its prefix, or as it is where ids are stored with their prefixes."""
        if bare and self.is_text(entity) and self.stored.has_prefix(entity, bare):
            return bare
        return f"{entity}-{bare}"

    def new(self, entity: Entity, bare: str) -> str:
        """Return an id for a new row, as this database stores ids."""
        return f"{entity}-{bare}" if self.stored.are_prefixed(entity) else bare

    def maybe(self, entity: Entity, bare: str | None) -> str | None:
        """Return an id that may be missing."""
        return None if bare is None else self.write(entity, bare)

    def parse(self, entity: Entity, text: str, field: str) -> str:
        """Return the id as in the database; errors: ApiError `invalid_id`."""
        bare = self._bare(entity, text)
        if bare is None or not self.fits(entity, bare):
            raise invalid_id(field, f"{entity}-<{self._types[entity]}>")
        return bare.lower() if self.is_uuid(entity) else bare

    def claim(self, entity: Entity, given: str) -> str | None:
        """Return an id that a host or a token names, as in the database; None if it cannot be."""
        if self.is_text(entity):
            bare = self._bare(entity, given)
            # A token only names ids of this kind: what looks like another prefix is part of the id.
            bare = given if bare is None else bare
        else:
            word, _, rest = given.partition("-")
            bare = rest if not self.fits(entity, given) and word.isalpha() else given
        return bare if self.fits(entity, bare) else None

    def _bare(self, entity: Entity, text: str) -> str | None:
        """Return the id without the prefix of the wire; None if the prefix is another entity's."""
        typed = _TYPED.match(text)
        if typed is None:
            return text
        rest = text[typed.end() :]
        # `pet-` alone stands for the empty id, which cannot be written in another way.
        if rest and self.is_text(entity) and self.stored.knows(entity, text):
            return text
        return rest if typed[1] in entity.prefixes else None

    def pattern(self, entity: Entity) -> str:
        """Return the pattern of ids on the wire, for the document."""
        column, shape = self.columns[entity], r"[^\x00]*"
        if self.is_uuid(entity):
            shape = UUID_PATTERN
        elif column is not None and is_integer(column):
            shape = "(?:0|-?[1-9][0-9]{0,18})"
        # Of ids that are stored with their prefix, single ones may lack it.
        prefixed = self.typed and not self.stored.are_prefixed(entity)
        return f"^{entity}-{shape}$" if prefixed else f"^{shape}$"

    def example(self, entity: Entity, uuid: str) -> str:
        """Return an id for the document, made from a uuid."""
        column = self.columns[entity]
        whole = column is not None and is_integer(column)
        bare = str(int(uuid[:8], 16) % 10_000) if whole else uuid
        return self.write(entity, self.new(entity, bare))

    def is_text(self, entity: Entity) -> bool:
        """Return whether ids are text, so that one may look like a prefix and another id."""
        return entity in self._texts

    def is_uuid(self, entity: Entity) -> bool:
        """Return whether ids are uuids, which are written in lower case."""
        return self._types[entity] == "uuid"

    def fits(self, entity: Entity, bare: str) -> bool:
        """Return whether an id has the shape of the database's ids."""
        return has_shape(self.columns[entity], bare)
