"""Poolers in transaction mode, which lose session locks and settings."""

from typing import Any

from sqlalchemy import Connection, text

from petrec.errors import UsageError

_PID = text("SELECT pg_backend_pid()")
# Other clients may use the pool in between, and some pools rotate: one check could miss it.
_LOOKS = 3
_PREPARE_AT = 5


def own_session(connection: Connection) -> None:
    """Make sure that this idle connection keeps its server session; errors: UsageError.

    From then on the driver prepares repeated statements, which a shared session could not keep.
    """
    driver: Any = connection.connection.driver_connection
    pid = backend_pid(connection)
    # A pooler shows its clients its own process id.
    if driver.info.backend_pid != pid and _is_shared(connection, pid):
        raise session_needed("transaction")
    driver.prepare_threshold = _PREPARE_AT


def session_needed(mode: str) -> UsageError:
    """Return the error that names what to connect to instead."""
    return UsageError(
        f"the connection uses a pooler in {mode} mode, which does not keep a session",
        hint="connect directly to PostgreSQL, or to a pool with pool_mode = session",
    )


def _is_shared(connection: Connection, pid: int) -> bool:
    """Compare the backend of two transactions, and of another connection."""
    for _ in range(_LOOKS):
        if backend_pid(connection) != pid:
            return True
        with connection.engine.connect() as second:
            if backend_pid(second) == pid:
                return True
    return backend_pid(connection) != pid


def backend_pid(connection: Connection) -> int:
    """Return the pid of the server session; ends the transaction, which returns it to a pool."""
    pid = int(connection.scalar(_PID) or 0)
    connection.rollback()
    return pid
