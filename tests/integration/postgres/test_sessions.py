"""Each statement of a test finds a session like a new one, whatever the one before has left."""

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from psycopg.errors import UndefinedTable

from tests.plugins.databases import Database
from tests.plugins.waiting import until

PID = "SELECT pg_backend_pid()"


@pytest.mark.parametrize(
    ("statement", "asked"),
    [
        ("SET DateStyle = 'German'", "SELECT current_setting('DateStyle') <> 'ISO, MDY'"),
        ("SELECT pg_advisory_lock(5)", "SELECT FROM pg_locks WHERE locktype = 'advisory'"),
        ("CREATE TEMP TABLE mine ()", "SELECT FROM pg_class WHERE relname = 'mine'"),
        ("PREPARE mine AS SELECT 1", "SELECT FROM pg_prepared_statements"),
        ("BEGIN; CREATE TABLE mine ()", "SELECT FROM pg_class WHERE relname = 'mine'"),
    ],
)
def test_nothing_is_left_of_a_statement(clinic: Database, statement: str, asked: str) -> None:
    before = clinic.execute(asked)
    clinic.execute(statement)
    assert clinic.execute(asked) == before


def test_a_session_is_kept_and_sees_what_the_database_begins_with(clinic: Database) -> None:
    pid = clinic.execute(PID)
    with pytest.raises(UndefinedTable):
        clinic.execute("TABLE missing")
    assert clinic.execute(PID) == pid
    clinic.execute(f"ALTER DATABASE {clinic.name} SET DateStyle = 'German'")
    assert clinic.execute("SHOW DateStyle") == [("German, DMY",)]


def test_a_session_that_was_ended_is_opened_again(clinic: Database) -> None:
    [(pid,)] = clinic.execute(PID)
    with clinic.connect() as other:
        other.execute("SELECT pg_terminate_backend(%s)", (pid,))
        assert clinic.execute(PID) != [(pid,)]
    with pytest.raises(psycopg.OperationalError):
        clinic.execute("SELECT pg_terminate_backend(pg_backend_pid())")


def test_threads_share_no_session(clinic: Database) -> None:
    with clinic.connect() as other, ThreadPoolExecutor(1) as pool:
        other.execute("SELECT pg_advisory_lock(5)")
        waiting = pool.submit(clinic.execute, f"{PID}, pg_advisory_lock(5)")
        waits = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        until(lambda: clinic.execute(waits))
        assert clinic.execute(waits) != clinic.execute(PID)
        other.execute("SELECT pg_advisory_unlock(5)")
        [(pid, _)] = waiting.result()
        assert pid != other.info.backend_pid
