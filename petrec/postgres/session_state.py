"""The session settings of petrec, independent of those of role, database and server.

The first statement of a transaction sets them, and its end resets them, so that a pooler can share
the server session. A session of a single command is set once, and reset before it is closed. The
statement names its function with its schema, so that no search path can replace it.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

import psycopg
from psycopg import sql
from psycopg.pq import TransactionStatus
from sqlalchemy import Connection, Engine, event

from petrec.postgres.identifiers import in_quotes
from petrec.postgres.search_path import SearchPath
from petrec.settings import Timeouts

# How names are looked up, and how values are written and read.
FORMATS: Mapping[str, str] = {
    "search_path": "pg_catalog, pg_temp",
    "client_encoding": "UTF8",
    "datestyle": "ISO, MDY",
    "intervalstyle": "postgres",
    "timezone": "UTC",
    "bytea_output": "hex",
    "extra_float_digits": "1",
    "standard_conforming_strings": "on",
    "quote_all_identifiers": "off",
    "array_nulls": "on",
    "transform_null_equals": "off",
}
# A policy that hides rows would make every count wrong, so it must be an error.
_BEHAVIOUR: Mapping[str, str] = {
    "row_security": "off",
    "jit": "off",
    "exit_on_error": "off",
    "default_transaction_isolation": "read committed",
    "default_transaction_read_only": "off",
    "default_transaction_deferrable": "off",
    "idle_in_transaction_session_timeout": "0",
    "idle_session_timeout": "0",
}
# https://www.postgresql.org/docs/17/release-17.html
_SINCE = {"transaction_timeout": 170_000}
# Not every role may set it, even to the same value.
_TRIGGERS = sql.SQL(
    "CASE WHEN pg_catalog.current_setting('session_replication_role')"
    " OPERATOR(pg_catalog.=) 'replica'"
    " THEN pg_catalog.set_config('session_replication_role', 'origin', {}) END"
)
# A shorter limit of the role, the database or the session stays.
_LIMIT = sql.SQL(
    "CASE WHEN pg_catalog.current_setting('statement_timeout')::pg_catalog.interval"
    " OPERATOR(pg_catalog.>) '0'"
    " AND pg_catalog.current_setting('statement_timeout')::pg_catalog.interval"
    " OPERATOR(pg_catalog.<=) {limit}"
    " THEN NULL ELSE pg_catalog.set_config('statement_timeout', {limit}, {local}) END"
)
_PATH = "petrec_search_path"
_MORE = "petrec_settings"
_OWN = "petrec_own_session"


def search_path(schemas: Iterable[str]) -> str:
    """Return the setting: pg_catalog first, and temporary tables last."""
    return ", ".join(("pg_catalog", *map(in_quotes, schemas), "pg_temp"))


def set_statement(values: Mapping[str, str], *, local: bool, writes: bool = False) -> str:
    """Return one SELECT that sets all values, for the transaction or for the session.

    Writes fire the application's triggers, even if the settings of role or database disable them.
    """
    one = sql.SQL("pg_catalog.set_config({}, {}, {})")
    settings = [one.format(name, value, sql.Literal(local)) for name, value in values.items()]
    settings += [_TRIGGERS.format(sql.Literal(local))] if writes else []
    return sql.SQL("SELECT {}").format(sql.SQL(", ").join(settings)).as_string(None)


def transaction_statements(path: Iterable[str], limit_ms: int, *, writes: bool) -> str:
    """Return statements that set the formats and the search path for the transaction.

    They need no planner, so that they cost a third of what one SELECT does. A statement takes
    `limit_ms` at most, 0 for what the session has; writes fire triggers, as above.
    """
    one = sql.SQL("SET LOCAL {} = {}")
    # The search path is a list of names, each quoted already.
    parts = [sql.SQL("SET LOCAL search_path = {}").format(sql.SQL(search_path(path)))]
    parts += [
        one.format(sql.SQL(name), value) for name, value in FORMATS.items() if name != "search_path"
    ]
    conditional = [_TRIGGERS.format(sql.Literal(True))] if writes else []
    conditional += [_limit(limit_ms)] if limit_ms else []
    if conditional:
        parts.append(sql.SQL("SELECT {}").format(sql.SQL(", ").join(conditional)))
    return sql.SQL("; ").join(parts).as_string(None)


def limit(limit_ms: int) -> str:
    """Return a SELECT by which a statement of the transaction takes so much time at most."""
    return sql.SQL("SELECT {}").format(_limit(limit_ms)).as_string(None)


def _limit(limit_ms: int) -> sql.Composed:
    return _LIMIT.format(limit=f"{limit_ms}ms", local=sql.Literal(True))


def state_transactions(engine: Engine, timeouts: Timeouts) -> None:
    """Begin every transaction of the engine with petrec's settings."""
    values = {**FORMATS, **_BEHAVIOUR, **limits(timeouts), "transaction_timeout": "0"}

    @event.listens_for(engine, "begin")
    def _(connection: Connection) -> None:
        if _OWN in connection.info:
            return
        driver = _driver(connection)
        kept = dict(_known(driver, values)) | {"search_path": path_of(connection)}
        kept |= connection.get_execution_options().get(_MORE, {})
        if driver.autocommit:
            connection.info[_OWN] = True
        writes = not (driver.read_only or driver.autocommit)
        _set(connection, kept, local=not driver.autocommit, writes=writes)

    @event.listens_for(engine, "close")
    def _(driver: psycopg.Connection[Any], record: Any) -> None:
        idle = not driver.closed and driver.info.transaction_status == TransactionStatus.IDLE
        if _OWN in record.info and idle:
            with suppress(psycopg.Error):
                driver.execute("RESET ALL")
                driver.commit()


def limits(timeouts: Timeouts) -> dict[str, str]:
    """Return the limits of a statement outside the batches of a run."""
    return {
        "lock_timeout": f"{timeouts.read_lock_ms}ms",
        "statement_timeout": f"{timeouts.read_statement_ms}ms",
    }


def keep_session(connection: Connection, values: Mapping[str, str]) -> None:
    """Set petrec's settings with these values for the whole session, which no pooler shares."""
    driver = _driver(connection)
    base = {**FORMATS, **_BEHAVIOUR, "transaction_timeout": "0"}
    connection.info[_OWN] = True
    path = {"search_path": path_of(connection)}
    kept = dict(_known(driver, base)) | path | dict(values)
    _set(connection, kept, local=False, writes=True)
    connection.commit()


def use_path(connection: Connection, path: SearchPath) -> None:
    """Use this search path from now on: here and in later transactions of its engine."""
    connection.engine.update_execution_options(**{_PATH: path})
    if (found := path_of(connection)) != connection.info.get(_PATH):
        set_local(connection, {"search_path": found})


def with_settings(values: Mapping[str, str]) -> dict[str, Any]:
    """Return the execution option of a connection whose transactions begin with these, too."""
    return {_MORE: values}


def path_advice(connection: Connection) -> str:
    """Return how triggers could find the application's tables; empty if they do."""
    path: SearchPath | None = connection.engine.get_execution_options().get(_PATH)
    return "" if path is None else path.advice


def path_of(connection: Connection) -> str:
    """Return the search path of the connection's next transaction."""
    path: SearchPath | None = connection.engine.get_execution_options().get(_PATH)
    if path is None:
        return FORMATS["search_path"]
    driver = _driver(connection)
    # Autocommit is used for DDL and for watching, which fire no triggers of the application.
    return search_path(path.reading if driver.read_only or driver.autocommit else path.writing)


def set_local(connection: Connection, values: Mapping[str, str]) -> None:
    """Set configuration parameters for the current transaction."""
    _set(connection, values, local=True)


def _set(
    connection: Connection, values: Mapping[str, str], *, local: bool, writes: bool = False
) -> None:
    statement = set_statement(values, local=local, writes=writes)
    connection.info[_PATH] = values.get("search_path", connection.info.get(_PATH))
    connection.exec_driver_sql(statement.replace("%", "%%"))


def _known(driver: psycopg.Connection[Any], values: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    version = driver.info.server_version
    return ((name, value) for name, value in values.items() if _SINCE.get(name, 0) <= version)


def _driver(connection: Connection) -> psycopg.Connection[Any]:
    driver: psycopg.Connection[Any] = connection.connection.driver_connection  # type: ignore[assignment]
    return driver
