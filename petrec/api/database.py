"""Connections of the host's pool, with transactions and cursors of the driver's own."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from typing import Any, NamedTuple

import psycopg
from psycopg import IsolationLevel, Pipeline
from psycopg.pq import TransactionStatus
from sqlalchemy import Engine, Pool

from petrec.errors import SettingsError
from petrec.postgres.preflight import load_schema
from petrec.postgres.search_path import SearchPath, read_search_path
from petrec.postgres.session_state import FORMATS, search_path, set_local, set_statement
from petrec.schema import Schema
from petrec.settings import Mapping

Connection = psycopg.Connection[Any]
Begin = Callable[[int], AbstractContextManager[Connection]]


class Database:
    """The database of the host's engine: shares its pool, but does not execute SQL through it."""

    def __init__(self, engine: Engine, more: Sequence[str] = (), limit_ms: int = 0) -> None:
        """Connect to nothing yet; errors: SettingsError for an engine that does not fit.

        `more` are schemas in which names are looked up, too; a statement takes `limit_ms` at most,
        0 for what the connection has.
        """
        if engine.driver != "psycopg":
            raise SettingsError(
                f"petrec.api needs psycopg 3, not {engine.driver}",
                hint="create_engine('postgresql+psycopg://...')",
            )
        if engine.dialect.is_async:
            raise SettingsError(
                "petrec.api needs a synchronous engine",
                hint="create one with create_engine('postgresql+psycopg://...') besides the "
                "asyncio engine",
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
        """Read the tables; errors: SchemaMismatchError, PermissionMissingError."""
        level = {"isolation_level": "READ COMMITTED"}
        with self.engine.connect() as connection:
            _end_hooks(connection.connection.driver_connection)
            with connection.execution_options(**level).begin():
                set_local(connection, FORMATS)
                schema = load_schema(connection, names)
                self._path = read_search_path(connection, names, self._more)
        return schema

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Open a transaction, committed where the block ends; errors: the driver's.

        It must see the current version of locked rows, so it is READ COMMITTED, whatever the host
        has set.
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
        characteristics = _Characteristics(False, IsolationLevel.READ_COMMITTED, False, False)
        state = _state(self._path.writing, limit_ms, writes=True)
        return self._transaction(characteristics, state, pool)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Open a transaction in which every statement sees the same; errors: the driver's.

        It ends with a commit, because psycopg drops its prepared statements at a rollback.
        """
        characteristics = _Characteristics(False, IsolationLevel.REPEATABLE_READ, None, False)
        state = _state(self._path.reading, self._limit_ms)
        with self._transaction(characteristics, state, self.engine.pool) as connection:
            yield connection

    @contextmanager
    def _transaction(
        self, characteristics: "_Characteristics", state: str, pool: Pool
    ) -> Iterator[Connection]:
        with self._borrowed(characteristics, pool) as connection:
            try:
                # BEGIN and the state take one round trip.
                with connection.pipeline() if Pipeline.is_supported() else nullcontext():
                    connection.execute(state, prepare=False)
                yield connection
            except BaseException:
                if not connection.closed:
                    connection.rollback()
                raise
            connection.commit()

    @contextmanager
    def _borrowed(self, characteristics: "_Characteristics", pool: Pool) -> Iterator[Connection]:
        pooled = pool.connect()
        connection: Any = pooled.driver_connection
        hosts: _Characteristics | None = None
        try:
            _end_hooks(connection)
            hosts = _Characteristics.of(connection)
            characteristics.give(connection)
            yield connection
        finally:
            if connection.closed:
                pooled.invalidate()
                # As SQLAlchemy does after a disconnect: the pool has other dead connections.
                self.engine.dispose()
            else:
                if hosts is not None:
                    hosts.give(connection)
                pooled.close()


def _state(path: tuple[str, ...], limit_ms: int, *, writes: bool = False) -> str:
    values = {**FORMATS, "search_path": search_path(path)}
    return set_statement(values, local=True, writes=writes, limit_ms=limit_ms)


def _end_hooks(connection: Any) -> None:
    """End the transaction that a hook of the pool has started; its session settings stay."""
    if connection.info.transaction_status != TransactionStatus.IDLE:
        connection.commit()


class _Characteristics(NamedTuple):
    """How a driver's connection begins its transactions; None is the server's default."""

    autocommit: bool
    isolation_level: IsolationLevel | None
    read_only: bool | None
    deferrable: bool | None

    @classmethod
    def of(cls, connection: Connection) -> "_Characteristics":
        return cls(*(getattr(connection, name) for name in cls._fields))

    def give(self, connection: Connection) -> None:
        for name, value in zip(self._fields, self, strict=True):
            if getattr(connection, name) != value:
                setattr(connection, name, value)
