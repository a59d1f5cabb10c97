"""Bounded waits for locks while a run is prepared, and who was waited for."""

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from psycopg import errors as pg
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from petrec.errors import TimedOutError
from petrec.features.runs.retry import driver_error
from petrec.postgres.ddl.blockers import Watch
from petrec.postgres.session_state import keep_session

log = logging.getLogger("petrec.features.runs")

# Planning may take long, waiting may not.
_LIMITS = text("""
SELECT current_setting('lock_timeout') AS lock_timeout,
       current_setting('statement_timeout') AS statement_timeout, pg_backend_pid() AS pid
""")
_UNLIMITED, _BRIEFLY = "0", "5s"


@contextmanager
def bounded(engine: Engine, connection: Connection) -> Iterator[None]:
    """Wait for any lock of the block briefly, and name who holds it; errors: TimedOutError.

    What is planned or installed waits for no standby: the end of a run does.
    """
    limits = connection.execute(_LIMITS).one()
    wait = _BRIEFLY if limits.lock_timeout == _UNLIMITED else str(limits.lock_timeout)
    keep_session(
        connection,
        {
            "lock_timeout": wait,
            "statement_timeout": limits.statement_timeout,
            "synchronous_commit": "local",
        },
    )
    watch = Watch(engine, limits.pid, log.warning)
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
    """Return the end of a sentence that names the blockers; empty where none was seen."""
    names = "; ".join(blockers)
    return f": blocked by {names}" if names else ""
