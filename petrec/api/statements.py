"""Statements compiled once, run straight on the driver."""

import re
from collections import namedtuple
from collections.abc import Callable, Hashable, Mapping
from typing import Any, Protocol

from psycopg.rows import namedtuple_row
from sqlalchemy import Dialect
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.sql.expression import ClauseElement

from petrec.api.commands import Connection, is_watched
from petrec.api.ports import Actor
from petrec.api.prepared import StatementAnswer, answered
from petrec.schema import Schema

_DIALECT: Dialect = PGDialect_psycopg()  # type: ignore[no-untyped-call]
# As the driver reads it: a name that has this form itself, as a table's may, has the sign twice.
_PLACE = re.compile(r"%(?:%|\(([^)]+)\)s)")


class Row(Protocol):
    """A row; its columns are attributes."""

    def __getattr__(self, name: str, /) -> Any:
        """Return a column's value."""


class CompiledStatement:
    """The text of a query, with the values that were known when it was built.

    It is in the server's own form, which the driver sends as it is: a long text with names would be
    parsed by the driver on each run. Where the host's connections have a class of cursors of their
    own, the text has names, so that tracing cursors see them.
    """

    __slots__ = ("_fixed", "_row", "_sql", "raw")

    def __init__(self, query: ClauseElement) -> None:
        """Compile a query; its other values are passed on every run."""
        compiled = query.compile(dialect=_DIALECT, compile_kwargs={"render_postcompile": True})
        self._sql = str(compiled)
        text, names = _numbered(self._sql)
        self.raw = text.encode(), names
        self._row: Any = None
        self._fixed = {k: v for k, v in compiled.params.items() if v is not None}

    def rows(self, connection: Connection, values: Mapping[str, Any]) -> list[Row]:
        """Run and return all rows."""
        bound = {**self._fixed, **values}
        if is_watched(connection):
            watched: Any = connection.cursor(row_factory=namedtuple_row)
            found: list[Row] = watched.execute(self._sql, bound).fetchall()
            return found
        answer = self._answer(connection, bound)
        if self._row is None:
            # Columns are known only now; the driver would build this class, or find it, each time.
            self._row = namedtuple("Row", answer.columns)  # type: ignore[misc]
        return answer.rows(self._row._make)

    def first(self, connection: Connection, values: Mapping[str, Any]) -> Row | None:
        """Run and return the first row."""
        return next(iter(self.rows(connection, values)), None)

    def run(self, connection: Connection, values: Mapping[str, Any]) -> int:
        """Run and return how many rows were written."""
        bound = {**self._fixed, **values}
        if is_watched(connection):
            return connection.cursor().execute(self._sql, bound).rowcount
        return self._answer(connection, bound).written

    def _answer(self, connection: Connection, bound: Mapping[str, Any]) -> StatementAnswer:
        text, names = self.raw
        return answered(connection, text, [bound[name] for name in names])


def _numbered(text: str) -> tuple[str, tuple[str, ...]]:
    """Return a text with numbers in place of the names of its values, and these in their order."""
    names: dict[str, int] = {}

    def place(found: re.Match[str]) -> str:
        name = found[1]
        return "%" if name is None else f"${names.setdefault(name, len(names) + 1)}"

    return _PLACE.sub(place, text), tuple(names)


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
