"""Wait for synchronous standbys, once at the end of a run, to confirm all writes.

A commit that waits for a standby keeps its locks until the standby confirms it, and no timeout of
the server's ends that wait. So batches do not wait, and the commit that does wait holds no locks:
https://www.postgresql.org/docs/current/warm-standby.html#SYNCHRONOUS-REPLICATION
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any

import psycopg
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from petrec.features.runs.errors import is_lost
from petrec.postgres.pooler import backend_pid

log = logging.getLogger("petrec.features.runs")

_NAMES = text("SELECT current_setting('synchronous_standby_names')")
_WAIT = text("SET LOCAL synchronous_commit = on")
# A commit waits only where its transaction has written something; this touches no table.
_WRITE = text("SELECT pg_logical_emit_message(true, 'petrec', '')")
_WAITS = text("SELECT FROM pg_stat_activity WHERE pid = :pid AND wait_event = 'SyncRep'")
_WORD_AFTER_S = 1.0


def unconfirmed_standbys(engine: Engine, run_id: int, deadline_s: float) -> str:
    """Wait for the standbys; returns `synchronous_standby_names` if they did not confirm."""
    with engine.connect() as connection:
        names = str(connection.scalar(_NAMES)).strip()
        pid = backend_pid(connection)
        if not names:
            return ""
        waiting = (
            f"run {run_id} is done and durable on this server; waiting for a standby of {names!r}"
        )
        with _given_up_after(engine, connection, deadline_s, pid, waiting) as given_up:
            try:
                with connection.begin():
                    connection.execute(_WAIT)
                    connection.execute(_WRITE)
            except DBAPIError as error:
                if not is_lost(error):
                    raise
                return names
        return names if given_up else ""


@contextmanager
def _given_up_after(
    engine: Engine, connection: Connection, deadline_s: float, pid: int, waiting: str
) -> Iterator[list[str]]:
    """Cancel the wait at the deadline; then the list has an entry.

    The server warns that it gave up: the commit itself has happened, which a cancel cannot undo.
    """
    driver: Any = connection.connection.driver_connection
    warnings: list[str] = []
    driver.add_notice_handler(lambda notice: warnings.append(notice.sqlstate or ""))
    ended = Event()

    def watch() -> None:
        if ended.wait(min(_WORD_AFTER_S, deadline_s)):
            return
        if _is_waiting(engine, pid):
            log.warning("%s (wait event SyncRep)", waiting)
        if not ended.wait(max(0.0, deadline_s - _WORD_AFTER_S)):
            driver.cancel_safe()

    thread = Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield warnings
    finally:
        ended.set()
        thread.join()


def _is_waiting(engine: Engine, pid: int) -> bool:
    try:
        with engine.connect() as second:
            return second.execute(_WAITS, {"pid": pid}).first() is not None
    except (DBAPIError, psycopg.Error):
        return False
