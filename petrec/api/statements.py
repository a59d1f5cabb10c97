"""Statements compiled once, run straight on the driver."""

from collections.abc import Callable, Hashable, Mapping
from typing import Any, Protocol

import psycopg
from psycopg.rows import RowFactory, dict_row, namedtuple_row, tuple_row
from sqlalchemy import Dialect
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.sql.expression import ClauseElement

from petrec.api.pooled import Connection
from petrec.api.ports import Actor
from petrec.schema import Schema

_DIALECT: Dialect = PGDialect_psycopg()  # type: ignore[no-untyped-call]


class Row(Protocol):
    """A row; its columns are attributes."""

    def __getattr__(self, name: str, /) -> Any:
        """Return a column's value."""


class CompiledStatement:
    """The text of a query, with the values that were known when it was built.

    It uses the cursor class of the host's connections, so that tracing cursors see it.
    """

    __slots__ = ("fixed", "sql")

    def __init__(self, query: ClauseElement) -> None:
        """Compile a query; its other values are passed on every run."""
        compiled = query.compile(dialect=_DIALECT, compile_kwargs={"render_postcompile": True})
        self.sql = str(compiled)
        self.fixed = {k: v for k, v in compiled.params.items() if v is not None}

    def rows(self, connection: Connection, values: Mapping[str, Any]) -> list[Row]:
        """Run and return all rows."""
        return self._sent(connection, values, namedtuple_row).fetchall()

    def dicts(self, connection: Connection, values: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Run and return all rows as dicts."""
        return self._sent(connection, values, dict_row).fetchall()

    def first(self, connection: Connection, values: Mapping[str, Any]) -> Row | None:
        """Run and return the first row."""
        return self._sent(connection, values, namedtuple_row).fetchone()

    def run(self, connection: Connection, values: Mapping[str, Any]) -> int:
        """Run and return how many rows were written."""
        return self._sent(connection, values, tuple_row).rowcount

    def _sent(
        self, connection: Connection, values: Mapping[str, Any], row_factory: RowFactory[Any]
    ) -> psycopg.Cursor[Any]:
        cursor: psycopg.Cursor[Any] = connection.cursor(row_factory=row_factory)
        return cursor.execute(self.sql, {**self.fixed, **values})


class Statements:
    """The statements for a schema used so far: each variant is built when it is first needed."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._kept: dict[Hashable, CompiledStatement] = {}

    def get(self, build: Callable[..., ClauseElement], *variant: Hashable) -> CompiledStatement:
        """Return the statement for a variant, such as a scope; `build` gets the schema and it."""
        key = (build, *variant)
        found = self._kept.get(key)
        if found is None:
            found = self._kept[key] = CompiledStatement(build(self._schema, *variant))
        return found


def actor_values(actor: Actor) -> dict[str, Any]:
    """Return the values that access predicates bind."""
    return {
        "actor_user": actor.user_id,
        "actor_owner": actor.owner_id,
        "actor_practice": actor.practice_id,
    }
