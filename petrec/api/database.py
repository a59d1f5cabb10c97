"""Connections of the host's pool, with transactions and cursors of the driver's own."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from sqlalchemy import Engine

from petrec.db.preflight import load_schema
from petrec.errors import SettingsError
from petrec.schema import Schema
from petrec.settings import Mapping

Connection = psycopg.Connection[Any]


class Database:
    """What the host's engine connects to; its pool is shared, its execution of SQL is not used."""

    def __init__(self, engine: Engine) -> None:
        """Connect to nothing yet; errors: SettingsError for an engine that does not fit."""
        if engine.driver != "psycopg":
            raise SettingsError(
                f"petrec.api needs psycopg 3, not {engine.driver}",
                hint="create_engine('postgresql+psycopg://...')",
            )
        if "isolation_level" in engine.get_execution_options():
            raise SettingsError(
                "petrec.api does not see an isolation level among execution options",
                hint="create_engine(..., isolation_level=...)",
            )
        self.engine = engine

    def schema(self, names: Mapping) -> Schema:
        """Read the tables; errors: SchemaMismatchError, PermissionMissingError."""
        with self.engine.connect() as connection:
            return load_schema(connection, names)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Open a transaction, committed where the block ends; errors: the driver's."""
        with self._borrowed(autocommit=False) as connection:
            try:
                yield connection
            except BaseException:
                if not connection.closed:
                    connection.rollback()
                raise
            connection.commit()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Open no transaction: each statement is one; errors: the driver's.

        psycopg drops all that it has prepared at a rollback, with which one that only read ends.
        """
        with self._borrowed(autocommit=True) as connection:
            yield connection

    @contextmanager
    def _borrowed(self, autocommit: bool) -> Iterator[Connection]:
        pooled = self.engine.raw_connection()
        connection: Any = pooled.driver_connection
        hosts = connection.autocommit
        try:
            if hosts is not autocommit:
                connection.autocommit = autocommit
            yield connection
        finally:
            if connection.closed:
                pooled.invalidate()
                # As SQLAlchemy does where it sees this: what else waits in the pool is dead, too.
                self.engine.dispose()
            else:
                if hosts is not autocommit:
                    connection.autocommit = hosts
                pooled.close()
