"""How a run stops before its end: the error with the next step, and the record of the reason."""

import logging

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from petrec.errors import RunStoppedError
from petrec.features.runs.errors import driver_error
from petrec.features.runs.journal.store import change_state
from petrec.features.runs.run import Run, RunState
from petrec.phrases import Phrase, Phrased
from petrec.postgres.errors import server_hint

log = logging.getLogger("petrec.features.runs")

RESUME = (
    "start the same command again, it resumes after the last batch; or "
    "abandon the run: petrec runs abandon {run}"
)
SLOW_ROW = Phrased(Phrase.SLOW_ROW)
ALL_REFUSED = "remove the cause, then start the same command again: it resumes"


def stopped(
    run: Run, reason: str, hint: str = RESUME, error: DBAPIError | None = None
) -> RunStoppedError:
    """Return the error of a run that cannot go on; the server's own hint comes first."""
    inner = driver_error(error) if error is not None else None
    own = server_hint(inner).rstrip(".") if inner is not None else ""
    step = hint.replace("{run}", str(run.id)) if "{run}" in hint else hint
    return RunStoppedError(
        f"run {run.id} stopped: {reason}", hint=f"{own}; {step}" if own else step
    )


def record_stop(connection: Connection, run: Run, failure: str) -> None:
    """Record why the run stopped, where the connection still allows it."""
    try:
        connection.rollback()
        with connection.begin():
            change_state(connection, run, RunState.STOPPED, failure)
    except DBAPIError:
        log.warning("run %d: could not record the reason", run.id)
