"""A stream that ends early says why, and leaves a connection that can be used."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import ColumnElement, Connection, Engine, Select, literal_column, select, text

from petrec.errors import PetrecError, TimedOutError
from petrec.postgres.connection import make_engine
from petrec.postgres.dsn import resolve_dsn
from petrec.postgres.errors import translated
from petrec.postgres.session_state import set_local
from petrec.postgres.snapshot import read_snapshot, stream_copy, stream_csv
from petrec.settings import Settings
from tests.plugins.databases import Database
from tests.plugins.waiting import until

SLEEPING = "SELECT pid FROM pg_stat_activity WHERE datname = %s AND wait_event = 'PgSleep'"


@pytest.fixture
def engine(empty_database: Database) -> Iterator[Engine]:
    made = make_engine(resolve_dsn(empty_database.dsn, None), Settings(), "test")
    yield made
    made.dispose()


def numbers(then: str = "n") -> Select[Any]:
    """Select more than the server's and the client's buffers hold, and `then` after many rows."""
    value: ColumnElement[str] = literal_column(
        f"CASE WHEN n > 100000 THEN ({then})::text ELSE 'a long value' END"
    )
    return select(value).select_from(text("generate_series(1, 1000000) AS n"))


def sleepy(first: int) -> Select[Any]:
    """Select so many rows, after which the server sleeps."""
    value: ColumnElement[str] = literal_column(
        f"CASE WHEN n > {first} THEN pg_sleep(600)::text ELSE 'a value' END"
    )
    return select(value).select_from(text("generate_series(1, 1000000) AS n"))


@contextmanager
def limited_snapshot(engine: Engine) -> Iterator[Connection]:
    with read_snapshot(engine) as connection:
        set_local(connection, {"statement_timeout": "1000ms"})
        yield connection


def is_usable(connection: Connection) -> bool:
    connection.rollback()
    return bool(connection.scalar(text("SELECT true")))


@pytest.mark.parametrize("stream", [stream_copy, stream_csv])
def test_a_reader_may_stop_before_the_end(engine: Engine, stream: Any) -> None:
    with read_snapshot(engine) as connection, stream(connection, numbers()) as rows:
        assert next(iter(rows))
    with engine.connect() as connection:
        connection.begin()
        with stream(connection, numbers()) as rows:
            assert next(iter(rows))
        assert is_usable(connection)


def test_an_error_of_the_reader_is_its_own(engine: Engine) -> None:
    with engine.connect() as connection:
        connection.begin()
        with pytest.raises(ZeroDivisionError), stream_copy(connection, numbers()) as rows:
            assert [1 / len(row[1:]) for row in rows]
        assert is_usable(connection)


@pytest.mark.parametrize(
    ("then", "reason"),
    [
        ("1 / (n - n)", "division by zero"),
        ("pg_terminate_backend(pg_backend_pid())", "the server closed the connection"),
    ],
)
def test_an_error_of_the_server_in_the_middle_is_told(
    engine: Engine, empty_database: Database, then: str, reason: str
) -> None:
    dsn = resolve_dsn(empty_database.dsn, None)
    with (
        pytest.raises(PetrecError, match=reason),
        translated(dsn),
        read_snapshot(engine) as connection,
        stream_copy(connection, numbers(then)) as rows,
    ):
        assert sum(1 for _ in rows) < 0


@pytest.mark.parametrize("first", [0, 100_000])
def test_a_timeout_in_the_middle_is_told(
    engine: Engine, empty_database: Database, first: int
) -> None:
    dsn = resolve_dsn(empty_database.dsn, None)
    with (
        pytest.raises(TimedOutError, match="statement timeout"),
        translated(dsn),
        limited_snapshot(engine) as connection,
        stream_copy(connection, sleepy(first)) as rows,
    ):
        assert sum(1 for _ in rows) < 0


@pytest.mark.parametrize("first", [0, 10, 100_000])
def test_a_signal_is_no_error_of_the_connection(
    engine: Engine, empty_database: Database, first: int
) -> None:
    def interrupt() -> None:
        until(lambda: empty_database.execute(SLEEPING, (empty_database.name,)))
        os.kill(os.getpid(), signal.SIGINT)

    interrupting = threading.Thread(target=interrupt)
    with engine.connect() as connection:
        connection.begin()
        interrupting.start()
        with pytest.raises(KeyboardInterrupt), stream_copy(connection, sleepy(first)) as rows:
            assert sum(1 for _ in rows) < 0
        interrupting.join()
        assert is_usable(connection)
