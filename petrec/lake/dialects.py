"""What differs between the SQL of PostgreSQL and that of the engines that read files.

The rules are built once, as PostgreSQL's SQL. sqlglot parses that text and writes it in another
dialect; here is what it does not know: the digest, the names of views, types, collations.
"""

from collections import Counter
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlglot
from sqlalchemy import ColumnElement, DateTime, Executable
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlglot import exp


@dataclass(frozen=True)
class EngineDialect:
    """An engine's SQL: sqlglot's name for it, the SHA-256 of a text, and an array in order.

    `as_text` are the types that views have as text. Where it `reads_once`, a query reads each view
    one time and keeps the columns that it needs: its rows come from a server.
    """

    name: str
    sha256: Callable[[exp.Expression], exp.Expression]
    ordered: str
    as_text: frozenset[Any] = frozenset({exp.DataType.Type.UUID, exp.DataType.Type.USERDEFINED})
    reads_once: bool = False


DUCKDB = EngineDialect(
    "duckdb", lambda text: exp.Anonymous(this="sha256", expressions=[text]), "list_sort"
)
DUCKDB_LIVE = replace(DUCKDB, as_text=frozenset({exp.DataType.Type.USERDEFINED}), reads_once=True)
SPARK = EngineDialect(
    "spark",
    lambda text: exp.Anonymous(this="sha2", expressions=[text, exp.Literal.number(256)]),
    "array_sort",
)


class _Moment(DateTime):
    """A moment as text that says its type, which a parameter does by itself."""

    def literal_processor(self, dialect: Any) -> Callable[[datetime], str]:  # noqa: ARG002
        """Return how a value is written."""
        return lambda value: f"CAST('{value.isoformat(sep=' ')}' AS {_zoned(value)})"


def _zoned(value: datetime) -> str:
    return "TIMESTAMP" if value.tzinfo is None else "TIMESTAMP WITH TIME ZONE"


class _TextDialect(PGDialect):
    """PostgreSQL's SQL as text with all values in it."""

    supports_statement_cache = False
    colspecs = {  # noqa: RUF012 - read only
        **PGDialect.colspecs,
        DateTime: _Moment,
    }

    def __init__(self) -> None:
        super().__init__(paramstyle="named")  # type: ignore[no-untyped-call]
        self._backslash_escapes = False


def postgres_text(statement: Executable | ColumnElement[Any]) -> str:
    """Return a query, or a part of one, as PostgreSQL's SQL with all values in it."""
    compiled = statement.compile(  # type: ignore[union-attr]
        dialect=_TextDialect(), compile_kwargs={"literal_binds": True}
    )
    return str(compiled)


@dataclass(frozen=True)
class Transpiler:
    """Writes a query of the rules in an engine's SQL.

    `views` are the engine's names of tables, by schema and table. `now` is the moment of the rows.
    """

    dialect: EngineDialect
    views: Mapping[tuple[str, str], str]
    now: datetime

    def write(self, statement: Executable) -> str:
        """Return the query as the engine reads it."""
        tree = self._translated(postgres_text(statement))
        if self.dialect.reads_once:
            tree = _reading_once(tree, frozenset(self.views.values()))
        return self._written(tree)

    def write_text(self, text: str) -> str:
        """Return PostgreSQL's SQL as the engine reads it; errors: sqlglot's ParseError."""
        return self._written(self._translated(text))

    def _translated(self, text: str) -> Any:
        return sqlglot.parse_one(text, read="postgres").transform(self._changed, copy=False)

    def _written(self, tree: exp.Expression) -> str:
        return str(tree.sql(dialect=self.dialect.name, identify=True))

    def _changed(self, node: exp.Expression) -> Any:
        match node:
            case exp.Encode():
                named = node.find(exp.Anonymous)
                return self.dialect.sha256(named.expressions[0]) if named else node
            case exp.Collate():
                # Texts of all engines are compared by their bytes unless something else is said.
                return node.this
            case exp.Table() if node.args.get("db"):
                return self._view(node)
            case exp.DataType() if node.this in self.dialect.as_text:
                return exp.DataType.build("text")
            case exp.ArrayAgg() if not isinstance(node.parent, exp.Anonymous):
                return exp.Anonymous(this=self.dialect.ordered, expressions=[node.copy()])
            case exp.Anonymous() if node.name.lower() == "transaction_timestamp":
                moment = exp.Literal.string(self.now.isoformat(sep=" "))
                return exp.Cast(this=moment, to=exp.DataType.build("timestamptz"))
        return node

    def _view(self, table: exp.Table) -> exp.Table:
        name = self.views[table.db, table.name]
        return exp.Table(this=exp.to_identifier(name), alias=table.args.get("alias"))


def _reading_once(query: Any, views: Container[str]) -> Any:
    """Return a query that reads no view twice."""
    own = query.ctes
    tables = [table for table in query.find_all(exp.Table) if table.name in views]
    named = Counter(table.name for table in tables)
    for table in tables:
        if named[table.name] > 1:
            table.set("this", exp.to_identifier(_kept(table.name)))
    for name in (name for name, times in named.items() if times > 1):
        rows = exp.select("*").from_(name)
        query = query.with_(_kept(name), as_=rows, materialized=True, copy=False)
    if own:
        # A query of WITH sees only those before it.
        query.ctes[0].parent.set("expressions", [*query.ctes[len(own) :], *own])
    return query


def _kept(view: str) -> str:
    return f"{view}_kept"
