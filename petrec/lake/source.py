"""Exports as a source of rows: the queries of the rules, run by an engine on files."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Executable, Select
from sqlalchemy.engine.result import IteratorResult, SimpleResultMetaData

from petrec.errors import UsageError
from petrec.lake.dialects import Transpiler
from petrec.lake.engine import Engine
from petrec.lake.values import json_line, text_of
from petrec.phrases import Phrase, Phrased
from petrec.schema import Schema
from petrec.source import Provenance, Rows


class LakeSource:
    """The tables as the files hold them."""

    is_database = False

    def __init__(self, engine: Engine, transpiler: Transpiler, database: str) -> None:
        self.engine = engine
        self.transpiler = transpiler
        self.name = database

    @property
    def database(self) -> Connection:
        """Refuse: files have no catalog; errors: UsageError."""
        reason = "exports have no constraints, no journal and no metadata to search"
        raise UsageError(reason, hint=Phrased(Phrase.DATABASE_INSTEAD))

    def as_stored(self, schema: Schema) -> Schema:
        """Return the schema itself: there is no database."""
        return schema

    def provenance(self) -> Provenance:
        """Return the database that was exported, and the engine that reads the files."""
        engine = self.engine
        return Provenance(self.name, engine.title, engine.version, self.transpiler.now)

    def execute(self, statement: Executable, /) -> Any:
        """Return the rows of a query."""
        with self.engine.stream(self.transpiler.write(statement)) as (names, rows):
            return IteratorResult(SimpleResultMetaData(names), iter(list(rows)))

    @contextmanager
    def stream(self, query: Select[Any]) -> Iterator[Rows]:
        """Yield an iterator over rows, in PostgreSQL's text format."""
        with self.engine.stream(self.transpiler.write(query)) as (_, rows):
            yield (tuple(map(text_of, row)) for row in rows)

    @contextmanager
    def stream_json(self, query: Select[Any]) -> Iterator[Iterator[str]]:
        """Yield an iterator over rows as JSON objects."""
        with self.engine.stream(self.transpiler.write(query)) as (names, rows):
            yield (json_line(names, row) for row in rows)
