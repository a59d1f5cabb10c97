"""A snapshot of the database as a source of rows."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from sqlalchemy import Connection, Executable, Select, func, select, text

from petrec.postgres.snapshot import stream_copy
from petrec.schema import Schema
from petrec.source import Provenance, Rows

_PROVENANCE = text("""
SELECT current_database(), current_setting('server_version'), transaction_timestamp(),
       EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
               WHERE n.nspname = 'petrec' AND c.relname = 'runs')
""")


class DatabaseSource:
    """The tables as one transaction sees them."""

    is_database = True

    def __init__(self, connection: Connection) -> None:
        self.database = connection

    def as_stored(self, schema: Schema) -> Schema:
        """Return the schema itself: its tables are those of the database."""
        return schema

    def execute(self, statement: Executable, /) -> Any:
        """Return the rows of a query."""
        return self.database.execute(statement)

    def provenance(self) -> Provenance:
        """Return database and server, and when the snapshot was taken."""
        database, version, taken_at, has_journal = self.database.execute(_PROVENANCE).one()
        return Provenance(database, "PostgreSQL", version, taken_at, has_journal)

    def stream(self, query: Select[Any]) -> AbstractContextManager[Rows]:
        """Yield an iterator over rows, in PostgreSQL's text format."""
        return stream_copy(self.database, query)

    @contextmanager
    def stream_json(self, query: Select[Any]) -> Iterator[Iterator[str]]:
        """Yield an iterator over rows as JSON objects, which the server writes."""
        rows = query.subquery("rows")
        with stream_copy(self.database, select(func.row_to_json(rows.table_valued()))) as lines:
            yield (line or "" for (line,) in lines)
