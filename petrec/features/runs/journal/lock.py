"""petrec's own locks, as session advisory locks, and bounded waits for other locks.

A target has only one writer at a time, and so has the creation of petrec's tables.
"""

import logging
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from hashlib import blake2b
from typing import Any, NoReturn

from psycopg import errors as pg
from sqlalchemy import Connection, Engine, Row, text
from sqlalchemy.exc import DBAPIError

from petrec.errors import RunHeldError, TimedOutError
from petrec.features.runs.errors import driver_error
from petrec.postgres.ddl.blockers import Watch
from petrec.postgres.pooler import own_session
from petrec.postgres.session_state import keep_session

log = logging.getLogger("petrec.features.runs")

# The letters "petrec" as a number. Older versions hold it while they write to any target.
_INSTALLING = int.from_bytes(b"petrec")

_TRY = text("SELECT pg_try_advisory_lock(:key)")
_WAIT = text("SELECT pg_advisory_lock(:key)")
_RELEASE = text("SELECT pg_advisory_unlock(:key)")
_HOLDER = text("""
SELECT l.pid, a.application_name, a.client_addr::text AS client, a.backend_start
FROM pg_locks l LEFT JOIN pg_stat_activity a ON a.pid = l.pid
WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND (l.classid::bigint << 32) + l.objid::bigint = :key
""")

# Planning may take minutes, so only the wait for locks is bounded.
_LIMITS = text("""
SELECT current_setting('lock_timeout') AS lock_timeout,
       current_setting('statement_timeout') AS statement_timeout, pg_backend_pid() AS pid
""")
# The command whose lock is held for one decision at a time; a backfill waits for it.
SERVED = "review serve"
_DECISION_S, _POLL_S = 15.0, 0.1
_UNLIMITED, _BRIEFLY = "0", "5s"


def key_of_target(target_name: str) -> int:
    """Return the key of a target's lock: 64 bits, so that targets do not share one."""
    digest = blake2b(target_name.encode(), digest_size=8, person=b"petrec").digest()
    return int.from_bytes(digest, signed=True)


@contextmanager
def held(connection: Connection, target_name: str) -> Iterator[None]:
    """Hold a target's lock for the block; errors: RunHeldError names the holder, UsageError.

    A statement releases it: the backend of a closed connection may hold it longer, and would
    block the next connection of the same command.
    """
    own_session(connection)
    key = key_of_target(target_name)
    _acquire(connection, key)
    connection.commit()
    try:
        yield
    finally:
        _release(connection, key)


@contextmanager
def installing(connection: Connection) -> Iterator[None]:
    """Hold the lock for creating and upgrading petrec's tables."""
    connection.execute(_WAIT, {"key": _INSTALLING})
    connection.commit()
    try:
        yield
    finally:
        _release(connection, _INSTALLING)


def is_held(connection: Connection, target_name: str) -> bool:
    """Return whether a petrec process holds the target's lock now."""
    return _holder(connection, key_of_target(target_name)) is not None


def _acquire(connection: Connection, key: int) -> None:
    deadline = time.monotonic() + _DECISION_S
    while not connection.scalar(_TRY, {"key": key}):
        holder = _holder(connection, key)
        if time.monotonic() > deadline or not _is_brief(holder):
            _refuse(holder)
        connection.commit()
        time.sleep(_POLL_S)


def _is_brief(holder: Row[Any] | None) -> bool:
    """Return whether the holder writes one decision of a served review, or has just gone."""
    return holder is None or str(holder.application_name or "").startswith(f"petrec {SERVED} ")


def _refuse(holder: Row[Any] | None) -> NoReturn:
    if holder is None:
        raise RunHeldError("another petrec process has just held the lock", hint="try again")
    since = f"{holder.backend_start:%Y-%m-%d %H:%M:%S} UTC" if holder.backend_start else "unknown"
    reason = (
        f"another petrec process is writing to these recordings: backend pid {holder.pid}, "
        f"{holder.application_name or 'name hidden'} from {holder.client or 'a local socket'}, "
        f"connected since {since}"
    )
    raise RunHeldError(reason, hint="to see its progress: petrec runs list")


def _holder(connection: Connection, key: int) -> Row[Any] | None:
    return connection.execute(_HOLDER, {"key": key}).first()


def _release(connection: Connection, key: int) -> None:
    # A lost connection has no lock to release, and would be opened again.
    with suppress(DBAPIError):
        connection.rollback()
        if not connection.invalidated:
            connection.execute(_RELEASE, {"key": key})
            connection.commit()


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Open a connection to read the journal, and name blocking sessions; errors: TimedOutError."""
    with engine.connect() as connection, naming_blockers(connection):
        yield connection


@contextmanager
def naming_blockers(connection: Connection) -> Iterator[None]:
    """Name the sessions that block the transaction until its timeout; errors: TimedOutError."""
    limits = connection.execute(_LIMITS).one()
    with _blockers_named(connection.engine, limits.pid, limits.lock_timeout):
        yield


@contextmanager
def bounded(connection: Connection) -> Iterator[None]:
    """Limit the wait for locks in the block, and name blocking sessions.

    Commits of planning and installing do not wait for standbys: the end of a run does. Errors:
    TimedOutError, UsageError for a session that a pooler shares.
    """
    own_session(connection)
    limits = connection.execute(_LIMITS).one()
    wait = _BRIEFLY if limits.lock_timeout == _UNLIMITED else str(limits.lock_timeout)
    values = {
        "lock_timeout": wait,
        "statement_timeout": str(limits.statement_timeout),
        "synchronous_commit": "local",
    }
    keep_session(connection, values)
    with _blockers_named(connection.engine, limits.pid, wait):
        yield


@contextmanager
def _blockers_named(engine: Engine, pid: int, wait: str) -> Iterator[None]:
    watch = Watch(engine, pid, log.warning)
    try:
        with watch:
            yield
    except DBAPIError as error:
        if not isinstance(driver_error(error), pg.LockNotAvailable):
            raise
        raise TimedOutError(
            f"could not acquire a lock within {wait}{blamed(watch.blockers.values())}",
            hint="end that session or wait for it, then start the same command again",
        ) from error


def blamed(blockers: Iterable[str]) -> str:
    """Return the end of a sentence that names the blockers; empty if none was seen."""
    names = "; ".join(blockers)
    return f": blocked by {names}" if names else ""
