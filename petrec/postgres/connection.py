"""Engines: SQLAlchemy Core on psycopg, connections made by libpq (so .pgpass and services work)."""

import os
import socket
from collections.abc import Callable
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.base import PGTypeCompiler
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.pool import NullPool
from sqlalchemy.types import UserDefinedType

from petrec.errors import UsageError
from petrec.postgres.dsn import Dsn
from petrec.postgres.engines import check_connection
from petrec.postgres.session_state import state_transactions
from petrec.settings import Settings


class TypeCompiler(PGTypeCompiler):
    """SQLAlchemy's compiler, except that the name of a type may contain a percent sign."""

    def visit_user_defined(self, type_: UserDefinedType[Any], **kw: Any) -> str:
        """Return the name as a statement with placeholders needs it."""
        return str(super().visit_user_defined(type_, **kw)).replace("%", "%%")


class Dialect(PGDialect_psycopg):
    """SQLAlchemy's dialect, but without queries of its own: what they ask is known."""

    supports_statement_cache = True
    type_compiler_cls = TypeCompiler

    def _get_default_schema_name(self, _: Connection) -> str:
        """Return the first schema of petrec's search path."""
        return "pg_catalog"

    def _get_server_version_info(self, connection: Connection) -> tuple[int, int]:
        """Return the version that the server reported when the connection began."""
        driver: Any = connection.connection.driver_connection
        version: int = driver.info.server_version
        return divmod(version, 10_000)

    def get_default_isolation_level(self, _: Any) -> Any:
        """Return the level that petrec's settings begin every session with."""
        return "READ COMMITTED"

    def _set_backslash_escapes(self, _: Connection) -> None:
        """Write backslashes as they are, as standard_conforming_strings of petrec's settings."""
        self._backslash_escapes = False


_PLACE = text("SELECT current_database()::text, current_user::text")

registry.register("postgresql.petrec", __name__, Dialect.__name__)


def application_name(command: str) -> str:
    """Return what pg_stat_activity shows: command, host and process; 63 bytes at most."""
    return f"petrec {command} {socket.gethostname()[:32]}:{os.getpid()}"[:63]


def make_engine(dsn: Dsn, settings: Settings, command: str, expected: str = "") -> Engine:
    """Return an engine that opens a new connection each time it is used.

    Where the database is not called `expected`, using it is a UsageError.

    Nothing is prepared either: behind a pooler, the next reader would find it in its session.
    """
    parameters = connection_parameters(dsn, settings, command)

    def connect() -> psycopg.Connection[Any]:
        connection = _opened(dsn, parameters)
        check_connection(connection)
        connection.deferrable = False
        # A standby refuses to begin a transaction that may write. Behind a pooler it is unknown.
        if connection.info.parameter_status("in_hot_standby") == "off":
            connection.read_only = False
        if expected:
            _check_database(connection, expected)
        return connection

    engine = _engine(connect, poolclass=NullPool, isolation_level="READ COMMITTED")
    state_transactions(engine, settings.timeouts)
    return engine


def make_pool(dsn: Dsn, settings: Settings, command: str) -> Engine:
    """Return an engine with a pool for a server; each transaction sets its own state."""
    parameters = connection_parameters(dsn, settings, command)
    if not settings.serve.prepare:
        parameters["prepare_threshold"] = None
    return _engine(
        lambda: psycopg.connect(**parameters),
        pool_size=settings.serve.pool_size,
        max_overflow=0,
        pool_timeout=5,
        # The connections used last have their statements prepared, here and in the server's caches.
        pool_use_lifo=True,
        pool_pre_ping=True,
    )


def _engine(connect: Callable[[], psycopg.Connection[Any]], **options: Any) -> Engine:
    """Return an engine that sends no queries of its own and logs no values."""
    return create_engine(
        "postgresql+petrec://",
        creator=connect,
        hide_parameters=True,
        use_native_hstore=False,
        **options,
    )


def read_place(connection: Connection) -> str:
    """Return database, host and role of a connection, in words."""
    driver: Any = connection.connection.driver_connection
    database, role = connection.execute(_PLACE).one()
    # A host that begins with a slash is the directory of a Unix socket.
    host = driver.info.host
    known = host if host and not host.startswith("/") else "this machine"
    return f"{database} on {known} as {role}"


def _check_database(connection: psycopg.Connection[Any], expected: str) -> None:
    """Check the database name that the server reports; a pooler may use another one."""
    row = connection.execute("SELECT pg_catalog.current_database()").fetchone()
    connection.rollback()
    if row is not None and row[0] != expected:
        connection.close()
        raise UsageError(f"this is database {row[0]!r}, not {expected!r}: nothing was done")


def _opened(dsn: Dsn, parameters: dict[str, Any]) -> psycopg.Connection[Any]:
    try:
        return psycopg.connect(**parameters, prepare_threshold=None)
    except psycopg.ProgrammingError:
        # The driver's message about a parameter repeats its value.
        raise UsageError(
            f"{dsn.source} has a parameter with an invalid value",
            hint="for example, connect_timeout must be a number of seconds",
        ) from None


def scanner_conninfo(dsn: Dsn, settings: Settings) -> str:
    """Return libpq's connection string for another program's sessions, with petrec's settings."""
    parameters = connection_parameters(dsn, settings, "engine")
    values = {
        "row_security": "off",
        "default_transaction_read_only": "on",
        "timezone": "UTC",
        "statement_timeout": str(settings.timeouts.read_statement_ms),
    }
    own = " ".join(f"-c {name}={value}" for name, value in values.items())
    return make_conninfo(**{**parameters, "options": f"{parameters.get('options', '')} {own}"})


def connection_parameters(dsn: Dsn, settings: Settings, command: str) -> dict[str, Any]:
    """Return libpq's parameters of a connection that petrec opens itself."""
    parameters: dict[str, Any] = {"connect_timeout": settings.timeouts.connect_s}
    parameters |= dsn.parameters
    parameters["application_name"] = application_name(command)
    # Of a database in SQL_ASCII the driver would return bytes instead of text.
    parameters["client_encoding"] = "UTF8"
    return parameters
