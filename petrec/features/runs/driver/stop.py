"""How a run stops early: the error with the next step, and the record of the reason."""

import logging

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from petrec.errors import RunStoppedError
from petrec.features.runs.errors import driver_error
from petrec.features.runs.journal.store import change_state
from petrec.features.runs.run import Run, RunState
from petrec.phrases import Joined, Phrase, Phrased
from petrec.postgres.errors import server_hint

log = logging.getLogger("petrec.features.runs")

SLOW_ROW = Phrased(Phrase.SLOW_ROW)
ALL_REFUSED = "remove the cause, then resume"


def stopped(
    run: Run, reason: str, hint: str = "", error: DBAPIError | None = None
) -> RunStoppedError:
    """Return the error of a run that cannot continue; the server's own hint comes first."""
    inner = driver_error(error) if error is not None else None
    own = server_hint(inner).removesuffix(".") if inner is not None else ""
    steps = Joined("; ", [step for step in (own, hint) if step])
    return RunStoppedError(f"run {run.id} stopped: {reason}", hint=steps)


def record_stop(connection: Connection, run: Run, failure: str) -> None:
    """Record why the run stopped, if the connection still allows it."""
    try:
        connection.rollback()
        with connection.begin():
            change_state(connection, run, RunState.STOPPED, failure)
    except DBAPIError:
        log.warning("run %d: could not record the reason", run.id)
