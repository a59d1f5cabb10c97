"""What audits, checks and reports read: one snapshot of a database, or exports in files.

Features build the same Core queries for both. A source runs them and turns rows into text.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from sqlalchemy import Connection, Executable, Select

from petrec.schema import Schema

Rows = Iterator[tuple[str | None, ...]]


class Provenance(NamedTuple):
    """The database that was read, by which engine, and the moment that the rows are of.

    `has_journal` is whether the database has petrec's own tables.
    """

    database: str
    engine: str
    version: str
    taken_at: datetime
    has_journal: bool = False


class Reader(Protocol):
    """What runs a query whose result is small."""

    def execute(self, statement: Executable, /) -> Any:
        """Return the rows of a query, as SQLAlchemy's Result."""


class Source(Reader, Protocol):
    """One state of all tables, which every query of an operation reads."""

    @property
    def is_database(self) -> bool:
        """Return whether this is PostgreSQL, which also has a catalog and a journal."""

    @property
    def database(self) -> Connection:
        """Return the connection for what only a database can answer; errors: UsageError."""

    def as_stored(self, schema: Schema) -> Schema:
        """Return the schema by which to ask `database`: an engine may read views of its tables."""

    def provenance(self) -> Provenance:
        """Return what is read."""

    def stream(self, query: Select[Any]) -> AbstractContextManager[Rows]:
        """Yield an iterator over any number of rows, in PostgreSQL's text format."""

    def stream_json(self, query: Select[Any]) -> AbstractContextManager[Iterator[str]]:
        """Yield an iterator over rows as JSON objects, as PostgreSQL writes them."""
