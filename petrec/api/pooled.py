"""Connections of the host's pool: lent for a transaction, cut when a request's time is over."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from math import ceil
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import Conninfo, TransactionStatus
from sqlalchemy import Connection as _SqlConnection
from sqlalchemy import Engine, Pool, event
from sqlalchemy.exc import DBAPIError

from petrec.api.commands import without_own_transactions
from petrec.api.deadline import current_deadline
from petrec.errors import SettingsError

Connection = psycopg.Connection[Any]
# For the statements of a run, which are SQLAlchemy's.
JournalConnection = _SqlConnection
_BOUNDED = "petrec_waits_are_bounded"


def driver_of(connection: JournalConnection) -> Connection:
    """Return the driver's connection below one of SQLAlchemy."""
    driver: Connection = connection.connection.driver_connection  # type: ignore[assignment]
    return driver


def check_engine(engine: Engine) -> None:
    """Refuse an engine that does not fit; errors: SettingsError."""
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


def bound_waits(engine: Engine, opening_s: float) -> None:
    """Bound what no deadline reaches: opening a connection, and the ping of `pool_pre_ping`.

    A host's own limit of opening stays; `creator=` and a service have their own. Pings are cut
    within requests only.
    """
    if getattr(engine.dialect, _BOUNDED, False):
        return
    setattr(engine.dialect, _BOUNDED, True)
    ping = engine.dialect.do_ping

    def in_its_time(driver: Any) -> bool:
        with in_time(driver):
            return ping(driver)

    engine.dialect.do_ping = in_its_time  # type: ignore[method-assign,assignment]
    # From PGCONNECT_TIMEOUT, or from the file of the service that PGSERVICE names.
    if any(each.keyword == b"connect_timeout" and each.val for each in Conninfo.get_defaults()):
        return

    @event.listens_for(engine, "do_connect")
    def _(_: Any, __: Any, args: Any, named: dict[str, Any]) -> None:
        given = conninfo_to_dict(args[0] if args else named.get("conninfo", ""))
        if not {"connect_timeout", "service"} & given.keys() and "service" not in named:
            # It is the same dict for all connections of the engine; below 2 s there is no limit.
            named.setdefault("connect_timeout", max(2, ceil(opening_s)))


@contextmanager
def borrowed(pool: Pool, engine: Engine) -> Iterator[Connection]:
    """Lend a connection without a transaction; one that breaks takes the others of the pool along.

    `pool` may be another one than the engine's: then it breaks alone.
    """
    pooled = pool.connect()
    connection: Any = pooled.driver_connection
    try:
        with in_time(connection):
            end_hooks(connection)
            with without_own_transactions(connection):
                yield connection
    finally:
        if connection.closed:
            pooled.invalidate()
            deadline = current_deadline()
            is_late = deadline is not None and deadline.has_passed()
            if pool is engine.pool and not is_late:
                # As SQLAlchemy does after a disconnect: the pool has other dead connections.
                engine.dispose()
        else:
            pooled.close()


@contextmanager
def connected(engine: Engine) -> Iterator[JournalConnection]:
    """Lend a connection of SQLAlchemy's; a database that only reads is left, as `borrowed` does."""
    with engine.connect() as connection, in_time(driver_of(connection)):
        try:
            end_hooks(driver_of(connection))
            yield connection
        except (psycopg.Error, DBAPIError) as error:
            if isinstance(getattr(error, "orig", error), psycopg.errors.ReadOnlySqlTransaction):
                connection.invalidate()
                engine.dispose()
            raise


def in_time(connection: Connection) -> AbstractContextManager[None]:
    """Let the connection be cut when the time of the request that it works for is over."""
    deadline = current_deadline()
    return nullcontext() if deadline is None else deadline.holding(connection)


def end_hooks(connection: Any) -> None:
    """End the transaction that a hook of the pool has started; its session settings stay."""
    if connection.info.transaction_status != TransactionStatus.IDLE:
        connection.commit()
