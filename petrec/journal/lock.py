"""One writer per database: a session advisory lock, and who holds it."""

from sqlalchemy import Connection, text

from petrec.errors import RunHeldError

# The letters "petrec" as a number, so that the lock is recognisable in pg_locks.
_KEY = int.from_bytes(b"petrec")

_TRY = text("SELECT pg_try_advisory_lock(:key)")
_HOLDER = text("""
SELECT l.pid, a.application_name, a.client_addr::text AS client, a.backend_start
FROM pg_locks l LEFT JOIN pg_stat_activity a ON a.pid = l.pid
WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND (l.classid::bigint << 32) + l.objid::bigint = :key
""")


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
