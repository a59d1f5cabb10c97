"""Engines: SQLAlchemy Core on psycopg, connections made by libpq (so .pgpass and services work)."""

import os
import socket
from typing import Any

import psycopg
from sqlalchemy import Engine, create_engine
from sqlalchemy.pool import NullPool

from petrec.db.dsn import Dsn
from petrec.settings import Settings

# Times must read back as they were written, whatever the role or the server has configured.
_STABLE_OUTPUT = "SET SESSION datestyle = 'ISO'; SET SESSION timezone = 'UTC'"


def application_name(command: str) -> str:
    """Return what pg_stat_activity shows: command, host and process; 63 bytes at most."""
    return f"petrec {command} {socket.gethostname()[:32]}:{os.getpid()}"[:63]


def make_engine(dsn: Dsn, settings: Settings, command: str) -> Engine:
    """Return an engine that connects afresh each time; nothing connects before it is used.

    Nothing is prepared either: behind a pooler, the next reader would find it in its session.
    """
    parameters: dict[str, Any] = {"connect_timeout": settings.timeouts.connect_s}
    parameters |= dsn.parameters
    parameters["application_name"] = application_name(command)
    # Of a database in SQL_ASCII the driver would return bytes instead of text.
    parameters["client_encoding"] = "UTF8"

    def connect() -> psycopg.Connection[Any]:
        connection = psycopg.connect(**parameters, autocommit=True, prepare_threshold=None)
        connection.execute(_STABLE_OUTPUT)
        connection.autocommit = False
        return connection

    return create_engine(
        "postgresql+psycopg://",
        creator=connect,
        poolclass=NullPool,
        hide_parameters=True,
        use_native_hstore=False,
    )
