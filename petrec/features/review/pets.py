"""Pets that people have named by id."""

from collections.abc import Sequence

from sqlalchemy import Connection, Text, any_, bindparam, cast, select
from sqlalchemy.dialects.postgresql import ARRAY

from petrec.features.review.folds import as_text
from petrec.features.review.observed import Pet
from petrec.schema import Schema


def read_pets(connection: Connection, schema: Schema, ids: Sequence[str]) -> dict[str, Pet]:
    """Return those that exist, by id."""
    pets = schema.pets
    wanted = cast(bindparam(None, list(ids), ARRAY(Text)), ARRAY(pets.c.id.type))
    columns = (cast(pets.c.id, Text), as_text(pets, "name"), as_text(pets, "owner_id", None))
    rows = connection.execute(select(*columns).where(pets.c.id == any_(wanted)))
    return {row[0]: Pet(row[0], row[1], owner=row[2]) for row in rows}
