"""One writer per database: a session advisory lock, and who holds it."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from petrec.db.pooler import own_session
from petrec.errors import RunHeldError

# The letters "petrec" as a number, so that the lock is recognisable in pg_locks.
_KEY = int.from_bytes(b"petrec")

_TRY = text("SELECT pg_try_advisory_lock(:key)")
_RELEASE = text("SELECT pg_advisory_unlock(:key)")
_HOLDER = text("""
SELECT l.pid, a.application_name, a.client_addr::text AS client, a.backend_start
FROM pg_locks l LEFT JOIN pg_stat_activity a ON a.pid = l.pid
WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND (l.classid::bigint << 32) + l.objid::bigint = :key
""")


@contextmanager
def held(connection: Connection) -> Iterator[None]:
    """Hold the lock for the block; errors: RunHeldError, which names the holder, UsageError.

    Given back by a statement: a closed connection's backend may hold it a while longer, and the
    next connection of the same command would meet it.
    """
    own_session(connection)
    acquire(connection)
    connection.commit()
    try:
        yield
    finally:
        # A connection that is lost has no lock to give back, and would be made anew.
        with suppress(DBAPIError):
            connection.rollback()
            if not connection.invalidated:
                connection.execute(_RELEASE, {"key": _KEY})
                connection.commit()


def acquire(connection: Connection) -> None:
    """Take the lock for this connection's life; errors: RunHeldError, which names the holder."""
    if connection.scalar(_TRY, {"key": _KEY}):
        return
    holder = connection.execute(_HOLDER, {"key": _KEY}).first()
    if holder is None:
        raise RunHeldError("another petrec process held the lock just now", hint="try again")
    since = f"{holder.backend_start:%Y-%m-%d %H:%M:%S} UTC" if holder.backend_start else "unknown"
    reason = (
        f"another petrec process is writing to this database: backend pid {holder.pid}, "
        f"{holder.application_name or 'name hidden'} from {holder.client or 'a local socket'}, "
        f"connected since {since}"
    )
    raise RunHeldError(reason, hint="petrec backfill status shows how far it is")


def is_held(connection: Connection) -> bool:
    """Say whether some petrec process holds the lock now."""
    return connection.execute(_HOLDER, {"key": _KEY}).first() is not None
