"""What fails for now is tried again up to the deadline, and whoever held it up is named."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from psycopg import errors as pg
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from petrec.errors import RunStoppedError
from petrec.features.runs.driver.retry import Patience, Retries
from petrec.postgres.pooler import backend_pid
from tests.plugins.databases import Database
from tests.plugins.waiting import until

BUSY = DBAPIError("UPDATE", {}, pg.LockNotAvailable("busy"))
WRONG = DBAPIError("UPDATE", {}, pg.UndefinedTable("wrong"))
WAIT = text("SELECT pg_advisory_lock(42)")


def failing(times: int, error: DBAPIError = BUSY) -> Callable[[], int]:
    """Return an attempt that fails so many times, and then returns how often it was made."""
    made = []

    def attempt() -> int:
        made.append(1)
        if len(made) <= times:
            raise error
        return len(made)

    return attempt


def gave_up(error: DBAPIError) -> RunStoppedError:
    return RunStoppedError(f"gave up: {type(error.orig).__name__}")


def test_what_succeeds_at_last_leaves_no_failure_behind(
    clinic_engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    retries = Retries(clinic_engine, Patience(60))
    with clinic_engine.connect() as connection, caplog.at_level("INFO", "petrec.features.runs"):
        assert retries.until_done(connection, failing(3), gave_up) == 4
        assert (retries.attempts, retries.blamed) == (0, "")
    tries = [text for text in caplog.messages if text.startswith("deferred: ")]
    assert tries == ["deferred: LockNotAvailable (SQLSTATE 55P03)"] * 3


def test_after_the_deadline_the_last_failure_ends_it(clinic_engine: Engine) -> None:
    retries = Retries(clinic_engine, Patience(0))
    with (
        clinic_engine.connect() as connection,
        pytest.raises(RunStoppedError, match="gave up: LockNotAvailable") as ended,
    ):
        retries.until_done(connection, failing(1), gave_up)
    assert ended.value.__cause__ is BUSY
    assert retries.attempts == 1


def test_only_what_may_pass_is_tried_again(clinic_engine: Engine) -> None:
    retries = Retries(clinic_engine, Patience(60))
    with clinic_engine.connect() as connection, pytest.raises(DBAPIError) as failed:
        retries.until_done(connection, failing(1, WRONG), gave_up)
    assert failed.value is WRONG


def test_a_failed_attempt_may_have_a_substitute(clinic_engine: Engine) -> None:
    retries, failed = Retries(clinic_engine, Patience(60)), list[DBAPIError]()

    def at_the_second(error: DBAPIError) -> int | None:
        failed.append(error)
        return -1 if len(failed) == 2 else None

    with clinic_engine.connect() as connection:
        assert retries.until_done(connection, failing(9), gave_up, at_the_second) == -1
    assert failed == [BUSY, BUSY]
    assert retries.attempts == 2


def test_the_session_that_blocks_a_second_attempt_is_named(
    clinic_engine: Engine, clinic: Database
) -> None:
    retries, first = Retries(clinic_engine, Patience(60)), failing(1)
    with (
        clinic.connect() as other,
        clinic_engine.connect() as connection,
        ThreadPoolExecutor(1) as beside,
    ):
        other.execute("SELECT pg_advisory_lock(42)")
        waiting = backend_pid(connection)

        def attempt() -> None:
            first()
            connection.execute(WAIT)

        def end_it() -> None:
            until(lambda: retries.blockers)
            retries.patience.deadline_s = 0
            other.execute("SELECT pg_cancel_backend(%s)", (waiting,))

        ended = beside.submit(end_it)
        with pytest.raises(RunStoppedError, match="gave up: QueryCanceled"):
            retries.until_done(connection, attempt, gave_up)
        ended.result()
        pid = other.info.backend_pid
        assert retries.blamed.startswith(f": blocked by pid {pid} "), retries.blamed
        retries.renew()
        assert (retries.blamed, retries.attempts) == ("", 0)
