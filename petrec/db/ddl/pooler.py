"""A pooler that hands each transaction to another server session takes locks and limits away."""

from typing import Any

from sqlalchemy import Connection, Engine, text

from petrec.errors import UsageError

_PID = text("SELECT pg_backend_pid()")


def refuse_transaction_pooling(engine: Engine, connection: Connection) -> None:
    """Raise a UsageError where two connections of ours come to the same server session."""
    pid = connection.scalar(_PID)
    driver: Any = connection.connection.driver_connection
    if driver.info.backend_pid == pid:
        return
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as second:
        shared = second.scalar(_PID) == pid
    if shared or connection.scalar(_PID) != pid:
        raise UsageError(
            "the connection goes through a pooler in transaction mode, which keeps no session",
            hint="connect to PostgreSQL itself, or to a pool with pool_mode = session",
        )
