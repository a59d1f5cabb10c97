"""A session made ready for batches: its limits, and statements that are planned ahead."""

from contextlib import suppress
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from petrec.features.runs.batches.split import SplitWrite, Write
from petrec.features.runs.batches.work import Locked
from petrec.features.runs.run import Run
from petrec.postgres.session_state import keep_session

# A crash loses whole batches, which are redone: so only the end of a run waits for the disk and for
# standbys. A hung client must not keep its locks. Statements between batches lock no rows.
SESSION = {
    "synchronous_commit": "off",
    "lock_timeout": "200ms",
    "idle_in_transaction_session_timeout": "10s",
    "statement_timeout": "30s",
    "plan_cache_mode": "force_generic_plan",
}


# Workers keep what they have committed, so the coordinator must not lose its journal in a crash.
ELSEWHERE = {"synchronous_commit": "on", "plan_cache_mode": "auto"}


def prepare_session(connection: Connection, *, here: bool = True) -> None:
    """Set the session's limits; statements are planned once, not under each batch's locks.

    Recordings that are not `here` need new plans: which node has them depends on the parameters.
    """
    driver: Any = connection.connection.driver_connection
    driver.prepare_threshold = 0 if here else None
    keep_session(connection, SESSION if here else SESSION | ELSEWHERE)


def plan_ahead(connection: Connection, run: Run, query: Write) -> None:
    """Let the server plan the write before a row is locked; what fails here, fails in a batch."""
    if isinstance(query, SplitWrite):
        return
    with suppress(DBAPIError), connection.begin():
        query.write(connection, run, Locked([], proven=True))
