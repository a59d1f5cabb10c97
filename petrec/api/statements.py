"""Statements compiled once, run straight on the driver."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Dialect, Row
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.sql.expression import ClauseElement

from petrec.api.access import Scope
from petrec.api.ports import Actor
from petrec.schema import Schema

_DIALECT: Dialect = PGDialect_psycopg()  # type: ignore[no-untyped-call]


class Statement:
    """The text of a query, with the values that were fixed as it was built."""

    __slots__ = ("fixed", "sql")

    def __init__(self, query: ClauseElement) -> None:
        """Compile a query; what it does not fix is given on every run."""
        compiled = query.compile(dialect=_DIALECT, compile_kwargs={"render_postcompile": True})
        self.sql = str(compiled)
        self.fixed = {k: v for k, v in compiled.params.items() if v is not None}

    def rows(self, connection: Connection, values: Mapping[str, Any]) -> Sequence[Row[Any]]:
        """Run and return all rows."""
        return connection.exec_driver_sql(self.sql, {**self.fixed, **values}).all()

    def dicts(self, connection: Connection, values: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Run and return all rows as dicts: many columns are read faster than from SQLAlchemy's."""
        result = connection.exec_driver_sql(self.sql, {**self.fixed, **values})
        names = tuple(result.keys())
        return [dict(zip(names, row, strict=True)) for row in result]

    def first(self, connection: Connection, values: Mapping[str, Any]) -> Row[Any] | None:
        """Run and return the first row."""
        return connection.exec_driver_sql(self.sql, {**self.fixed, **values}).first()

    def run(self, connection: Connection, values: Mapping[str, Any]) -> int:
        """Run and return how many rows were written."""
        return connection.exec_driver_sql(self.sql, {**self.fixed, **values}).rowcount


class Statements:
    """The statements used so far: each variant is built when it is first needed."""

    def __init__(self) -> None:
        self._kept: dict[Hashable, Statement] = {}

    def get(
        self, build: Callable[..., ClauseElement], schema: Schema, scope: Scope, *variant: Hashable
    ) -> Statement:
        """Return the statement for a scope and a variant; `build` gets all but the first."""
        key = (build, scope.key, *variant)
        found = self._kept.get(key)
        if found is None:
            found = self._kept[key] = Statement(build(schema, scope, *variant))
        return found


def actor_values(actor: Actor) -> dict[str, Any]:
    """Return the values that access predicates bind."""
    return {
        "actor_user": actor.user_id,
        "actor_owner": actor.owner_id,
        "actor_practice": actor.practice_id,
    }
