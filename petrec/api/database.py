"""Connections of the host's pool, with transactions and cursors of the driver's own."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from copy import copy
from functools import partial

import psycopg
from sqlalchemy import Engine, Pool, event

from petrec.api.commands import begin, beginning, commit
from petrec.api.pooled import (
    Connection,
    JournalConnection,
    borrowed,
    check_engine,
    connected,
    driver_of,
    in_time,
)
from petrec.errors import UnsupportedServerError
from petrec.postgres.preflight import load_schema
from petrec.postgres.search_path import SearchPath, read_search_path
from petrec.postgres.session_state import FORMATS, limit, set_local, transaction_statements
from petrec.schema import Schema
from petrec.settings import Mapping

Begin = Callable[[int], AbstractContextManager[Connection]]
# A person is waiting, so a request gives up a lock earlier than a command does.
_PATIENCE = """
SELECT pg_catalog.set_config('lock_timeout', '3s', true)
WHERE pg_catalog.current_setting('lock_timeout') = '0'
"""


class Database:
    """The database of the host's engine: shares its pool, but does not execute SQL through it."""

    def __init__(self, engine: Engine, more: Sequence[str] = (), limit_ms: int = 0) -> None:
        """Connect to nothing yet; errors: SettingsError for an engine that does not fit.

        `more` are schemas in which names are looked up, too; a statement takes `limit_ms` at most,
        0 for what the connection has.
        """
        check_engine(engine)
        self.engine = engine
        self._more = more
        self._limit_ms = limit_ms
        self._path = SearchPath()

    def schema(self, names: Mapping) -> Schema:
        """Read the tables.

        Errors: SchemaMismatchError, PermissionMissingError, UnsupportedServerError.
        """
        level = {"isolation_level": "READ COMMITTED"}
        with connected(self.engine) as connection, connection.execution_options(**level).begin():
            set_local(connection, FORMATS)
            if self._limit_ms:
                driver_of(connection).execute(limit(self._limit_ms), prepare=False)
            schema = load_schema(connection, names)
            if not schema.layout.is_here:
                raise UnsupportedServerError(
                    f"petrec.api does not serve {schema.layout.spread} tables of Citus",
                    hint="petrec explain scale lists what petrec does there",
                )
            self._path = read_search_path(connection, names, self._more)
        return schema

    def writing(self) -> AbstractContextManager[Connection]:
        """Open a transaction, committed where the block ends; errors: the driver's.

        It must see the current version of locked rows, so it is READ COMMITTED, whatever the host
        has set. A database that is read-only by default, as after a failover, stays so.
        """
        return self._writing(self.engine.pool, self._limit_ms)

    @contextmanager
    def apart(self) -> Iterator[Begin]:
        """Open transactions as `writing` does, on a connection that is not one of the pool's.

        What is yielded begins one; a statement of it takes so many ms at most.
        """
        # The host's own way to connect, with its hooks.
        pool = self.engine.pool.recreate()
        try:
            yield partial(self._writing, pool)
        finally:
            pool.dispose()

    def beside(self) -> "Database":
        """Return the same database by a pool of its own, which ends with the host's."""
        other = copy(self)
        other.engine = self._engine_like()
        event.listen(self.engine, "engine_disposed", lambda _: other.engine.dispose())
        return other

    def _engine_like(self) -> Engine:
        return Engine(self.engine.pool.recreate(), self.engine.dialect, self.engine.url)

    @contextmanager
    def engine_apart(self) -> Iterator[Engine]:
        """Lend an engine for what sets its sessions up; its connections are the request's."""
        apart = self._engine_like()
        with ExitStack() as held:
            held.callback(apart.dispose)
            event.listen(apart, "checkout", lambda one, *_: held.enter_context(in_time(one)))
            yield apart

    def _writing(self, pool: Pool, limit_ms: int) -> AbstractContextManager[Connection]:
        return self._transaction(beginning(self._path.writing, limit_ms, writes=True), pool)

    def reading(self) -> AbstractContextManager[Connection]:
        """Open a transaction in which every statement sees the same; errors: the driver's.

        It ends with a commit, because psycopg drops its prepared statements at a rollback.
        """
        statements = beginning(self._path.reading, self._limit_ms, writes=False)
        return self._transaction(statements, self.engine.pool)

    @contextmanager
    def _transaction(self, statements: str, pool: Pool) -> Iterator[Connection]:
        with borrowed(pool, self.engine) as connection:
            try:
                begin(connection, statements)
                yield connection
            except BaseException as error:
                if isinstance(error, psycopg.errors.ReadOnlySqlTransaction):
                    # A new connection may lead to the server that has become the primary.
                    connection.close()
                if not connection.closed:
                    connection.rollback()
                raise
            commit(connection)

    @contextmanager
    def journaling(self) -> Iterator[JournalConnection]:
        """Open a transaction for the statements of a run; errors: the driver's, SQLAlchemy's.

        They wait 3 s for locks, unless the host has set a limit. It is READ COMMITTED, as for
        `writing`, whose statements run on `driver_of` it.
        """
        given = {
            "isolation_level": "READ COMMITTED",
            "postgresql_readonly": None,
            "postgresql_deferrable": False,
        }
        with connected(self.engine) as connection:
            driver = driver_of(connection)
            with connection.execution_options(**given).begin():
                state = transaction_statements(self._path.writing, self._limit_ms, writes=True)
                driver.execute(state, prepare=False)
                driver.execute(_PATIENCE, prepare=False)
                yield connection
