"""The recordings that a review asks for, and the keys that its folds are then limited to."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, any_, select, true

from petrec.rules.lists import Lists
from petrec.schema import Schema

Keys = Select[Any] | None


class Asked:
    """All recordings, or a few of an array of `ids`."""

    def __init__(self, schema: Schema, ids: ColumnElement[Any] | None = None) -> None:
        self.schema = schema
        self.ids = ids

    @property
    def lists(self) -> Lists:
        """Return how the pets of appointments are read."""
        return Lists.EVERY if self.ids is None else Lists.PER_ROW

    def keys(
        self,
        key: Callable[[FromClause], ColumnElement[Any]],
        parent: FromClause | None = None,
        by: str = "",
    ) -> Keys:
        """Select a key of each recording, or of the row of `parent` that it names; None for all."""
        if self.ids is None:
            return None
        recordings = self.schema.recordings.alias("asked")
        if parent is None:
            query = select(key(recordings))
        else:
            rows = parent.alias("asked_parent")
            query = select(key(rows)).join_from(recordings, rows, rows.c.id == recordings.c[by])
        return query.where(recordings.c.id == any_(self.ids))


def is_among(key: ColumnElement[Any], keys: Keys) -> ColumnElement[bool]:
    """Return whether a key is one of those, or all are."""
    return true() if keys is None else key.in_(keys)
