"""What a connection that ends means for the lock and for the run."""

from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from petrec.errors import RunHeldError
from petrec.features.runs.errors import is_lost
from petrec.features.runs.journal import lock
from petrec.postgres.connection import make_engine
from petrec.postgres.dsn import resolve_dsn
from petrec.settings import Settings
from tests.plugins.databases import Database
from tests.plugins.waiting import until

TARGET = '"public"."recordings"'


@pytest.fixture
def engine(clinic: Database) -> Iterator[Engine]:
    made = make_engine(resolve_dsn(clinic.dsn, None), Settings(), "test")
    yield made
    made.dispose()


def test_the_lock_is_free_before_its_connection_ends(engine: Engine) -> None:
    with engine.connect() as first, engine.connect() as second:
        with lock.held(first, TARGET), pytest.raises(RunHeldError), lock.held(second, TARGET):
            pass
        with lock.held(second, TARGET):
            assert lock.is_held(first, TARGET)


def test_the_lock_is_free_after_a_failed_statement(engine: Engine) -> None:
    with engine.connect() as first, engine.connect() as second:
        with pytest.raises(DBAPIError), lock.held(first, TARGET):
            first.execute(text("SELECT 1 / 0"))
        with lock.held(second, TARGET):
            pass


def test_a_session_ended_for_idling_counts_as_lost(engine: Engine, clinic: Database) -> None:
    with engine.connect() as connection:
        pid = connection.scalar(text("SELECT pg_backend_pid()"))
        connection.execute(text("SET idle_in_transaction_session_timeout = 1"))
        there = "SELECT FROM pg_stat_activity WHERE pid = %s"
        until(lambda: not clinic.execute(there, (pid,)))
        with pytest.raises(DBAPIError) as ended:
            connection.execute(text("SELECT 1"))
        connection.invalidate()
    assert is_lost(ended.value)
    assert isinstance(ended.value.orig, psycopg.Error)
