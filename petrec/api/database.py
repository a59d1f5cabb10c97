"""Connections of the host's pool, with transactions and cursors of the driver's own."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import lru_cache, partial
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus
from sqlalchemy import Connection as _SqlConnection
from sqlalchemy import Engine, Pool
from sqlalchemy.exc import DBAPIError

from petrec.api.deadline import current_deadline
from petrec.errors import SettingsError, UnsupportedServerError
from petrec.postgres.preflight import load_schema
from petrec.postgres.search_path import SearchPath, read_search_path
from petrec.postgres.session_state import FORMATS, search_path, set_local, set_statement
from petrec.schema import Schema
from petrec.settings import Mapping

Connection = psycopg.Connection[Any]
# For the statements of a run, which are SQLAlchemy's.
JournalConnection = _SqlConnection
Begin = Callable[[int], AbstractContextManager[Connection]]
# A person waits for the answer.
_PATIENCE = """
SELECT pg_catalog.set_config('lock_timeout', '3s', true)
WHERE pg_catalog.current_setting('lock_timeout') = '0'
"""


def driver_of(connection: JournalConnection) -> Connection:
    """Return the driver's connection below one of SQLAlchemy."""
    driver: Connection = connection.connection.driver_connection  # type: ignore[assignment]
    return driver


class Database:
    """The database of the host's engine: shares its pool, but does not execute SQL through it."""

    def __init__(self, engine: Engine, more: Sequence[str] = (), limit_ms: int = 0) -> None:
        """Connect to nothing yet; errors: SettingsError for an engine that does not fit.

        `more` are schemas in which names are looked up, too; a statement takes `limit_ms` at most,
        0 for what the connection has.
        """
        if engine.dialect.is_async:
            raise SettingsError(
                "petrec.api needs a synchronous engine, whose requests wait in threads",
                hint="beside the asyncio engine, in two lines:\n"
                "url = async_engine.url.set(drivername='postgresql+psycopg')\n"
                "router = build_router(create_engine(url), ...)",
            )
        if engine.driver != "psycopg":
            raise SettingsError(
                f"petrec.api needs psycopg 3, not {engine.driver}",
                hint="create_engine('postgresql+psycopg://...')",
            )
        if "isolation_level" in engine.get_execution_options():
            raise SettingsError(
                "petrec.api ignores an isolation level in execution_options",
                hint="create_engine(..., isolation_level=...)",
            )
        self.engine = engine
        self._more = more
        self._limit_ms = limit_ms
        self._path = SearchPath()

    def schema(self, names: Mapping) -> Schema:
        """Read the tables.

        Errors: SchemaMismatchError, PermissionMissingError, UnsupportedServerError.
        """
        level = {"isolation_level": "READ COMMITTED"}
        with self.engine.connect() as connection:
            _end_hooks(connection.connection.driver_connection)
            with connection.execution_options(**level).begin():
                set_local(connection, FORMATS)
                schema = load_schema(connection, names)
                if not schema.layout.is_here:
                    raise UnsupportedServerError(
                        f"petrec.api does not serve {schema.layout.spread} tables of Citus",
                        hint="petrec explain scale lists what petrec does there",
                    )
                self._path = read_search_path(connection, names, self._more)
        return schema

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Open a transaction, committed where the block ends; errors: the driver's.

        It must see the current version of locked rows, so it is READ COMMITTED, whatever the host
        has set. A database that is read-only by default, as after a failover, stays so.
        """
        with self._writing(self.engine.pool, self._limit_ms) as connection:
            yield connection

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

    def _writing(self, pool: Pool, limit_ms: int) -> AbstractContextManager[Connection]:
        return self._transaction(_begin(self._path.writing, limit_ms, writes=True), pool)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Open a transaction in which every statement sees the same; errors: the driver's.

        It ends with a commit, because psycopg drops its prepared statements at a rollback.
        """
        begin = _begin(self._path.reading, self._limit_ms)
        with self._transaction(begin, self.engine.pool) as connection:
            yield connection

    @contextmanager
    def _transaction(self, begin: str, pool: Pool) -> Iterator[Connection]:
        with self._borrowed(pool) as connection:
            try:
                connection.execute(begin, prepare=False)
                yield connection
            except BaseException as error:
                if isinstance(error, psycopg.errors.ReadOnlySqlTransaction):
                    # A new connection may lead to the server that has become the primary.
                    connection.close()
                if not connection.closed:
                    connection.rollback()
                raise
            connection.commit()

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
        with self._connected() as connection:
            driver = driver_of(connection)
            _end_hooks(driver)
            with connection.execution_options(**given).begin():
                state = _state(self._path.writing, self._limit_ms, writes=True)
                driver.execute(state, prepare=False)
                driver.execute(_PATIENCE, prepare=False)
                yield connection

    @contextmanager
    def _connected(self) -> Iterator[JournalConnection]:
        with self.engine.connect() as connection, _in_time(driver_of(connection)):
            try:
                yield connection
            except (psycopg.Error, DBAPIError) as error:
                if isinstance(getattr(error, "orig", error), psycopg.errors.ReadOnlySqlTransaction):
                    # As `_transaction` does.
                    connection.invalidate()
                    self.engine.dispose()
                raise

    @contextmanager
    def _borrowed(self, pool: Pool) -> Iterator[Connection]:
        pooled = pool.connect()
        connection: Any = pooled.driver_connection
        hosts = connection.autocommit
        try:
            with _in_time(connection):
                _end_hooks(connection)
                # The driver begins no transaction of its own, with characteristics of the host's.
                connection.autocommit = True
                yield connection
        finally:
            if connection.closed:
                pooled.invalidate()
                deadline = current_deadline()
                is_late = deadline is not None and deadline.has_passed()
                if pool is self.engine.pool and not is_late:
                    # As SQLAlchemy does after a disconnect: the pool has other dead connections.
                    self.engine.dispose()
            else:
                connection.autocommit = hosts
                pooled.close()


@lru_cache(maxsize=32)
def _begin(path: tuple[str, ...], limit_ms: int, *, writes: bool = False) -> str:
    """Return what begins a transaction and sets its state, in one round trip."""
    kind = "READ COMMITTED" if writes else "REPEATABLE READ"
    state = _state(path, limit_ms, writes=writes)
    return f"BEGIN ISOLATION LEVEL {kind} NOT DEFERRABLE; {state}"


def _state(path: tuple[str, ...], limit_ms: int, *, writes: bool = False) -> str:
    values = {**FORMATS, "search_path": search_path(path)}
    return set_statement(values, local=True, writes=writes, limit_ms=limit_ms)


def _in_time(connection: Connection) -> AbstractContextManager[None]:
    """Let the connection be cut when the time of the request that it works for is over."""
    deadline = current_deadline()
    return nullcontext() if deadline is None else deadline.holding(connection)


def _end_hooks(connection: Any) -> None:
    """End the transaction that a hook of the pool has started; its session settings stay."""
    if connection.info.transaction_status != TransactionStatus.IDLE:
        connection.commit()
