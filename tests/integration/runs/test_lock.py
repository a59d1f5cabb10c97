"""A target has one writer at a time, and whoever is in the way is named."""

import itertools
import re
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, suppress
from types import SimpleNamespace

import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError, ProgrammingError

from petrec.errors import RunHeldError, TimedOutError
from petrec.features.runs.journal import lock
from petrec.postgres.connection import make_engine
from petrec.postgres.dsn import resolve_dsn
from petrec.postgres.pooler import backend_pid
from petrec.settings import Settings, Timeouts
from tests.plugins.databases import Database
from tests.plugins.waiting import until

NAME, OTHER = '"public"."recordings"', '"public"."others"'
CLOCK = "petrec.features.runs.journal.lock.time"
TRY = text("SELECT pg_try_advisory_lock(:key)")
READ = text("SELECT FROM public.busy")


def engine_of(database: Database, command: str = "test", lock_ms: int = 0) -> Engine:
    settings = Settings(timeouts=Timeouts(read_lock_ms=lock_ms, read_statement_ms=9_000))
    return make_engine(resolve_dsn(database.dsn, None), settings, command)


def shown(connection: Connection, name: str) -> object:
    return connection.scalar(text("SELECT current_setting(:name)"), {"name": name})


def test_a_second_writer_is_told_who_the_first_one_is(empty_database: Database) -> None:
    engine = engine_of(empty_database)
    with engine.connect() as first, engine.connect() as second:
        pid = backend_pid(first)
        with lock.held(first, NAME):
            assert (lock.is_held(second, NAME), lock.is_held(second, OTHER)) == (True, False)
            with lock.held(second, OTHER), pytest.raises(RunHeldError) as refused:
                lock.held(second, NAME).__enter__()
            second.rollback()
        assert not lock.is_held(second, NAME)
        with lock.held(second, NAME):
            assert lock.is_held(first, NAME)
    reason = refused.value.reason
    assert f"backend pid {pid}, petrec test " in reason
    assert re.search(
        r" from 127\.0\.0\.1\S*, connected since \d{4}-\d\d-\d\d [\d:]{8} UTC$", reason
    )
    assert refused.value.hint.endswith("petrec runs list")


def test_one_decision_of_a_served_review_is_waited_for(
    empty_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    served, engine = engine_of(empty_database, lock.SERVED), engine_of(empty_database)
    with served.connect() as deciding, engine.connect() as backfill, ExitStack() as decision:
        decision.enter_context(lock.held(deciding, NAME))
        clock = SimpleNamespace(sleep=lambda _: decision.close(), monotonic=time.monotonic)
        monkeypatch.setattr(CLOCK, clock)
        with lock.held(backfill, NAME):
            assert lock.is_held(deciding, NAME)


def test_a_served_review_is_not_waited_for_without_end(
    empty_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    served, engine = engine_of(empty_database, lock.SERVED), engine_of(empty_database)
    slept: list[float] = []
    clock = SimpleNamespace(sleep=slept.append, monotonic=itertools.count(100, 7).__next__)
    with (
        served.connect() as deciding,
        engine.connect() as backfill,
        lock.held(deciding, NAME),
    ):
        monkeypatch.setattr(CLOCK, clock)
        with pytest.raises(RunHeldError, match=rf"petrec {lock.SERVED} "):
            lock.held(backfill, NAME).__enter__()
    # The clock says 100 at first, then 107, 114 and 121.
    assert len(slept) == 2


def test_the_tables_are_created_by_one_process_at_a_time(empty_database: Database) -> None:
    engine, key = engine_of(empty_database), {"key": int.from_bytes(b"petrec")}
    with engine.connect() as first, engine.connect() as second:
        with lock.installing(first):
            assert not second.scalar(TRY, key)
        assert second.scalar(TRY, key)


@pytest.mark.parametrize(("lock_ms", "wait"), [(0, "5s"), (600, "600ms")])
def test_planning_bounds_its_waits_for_locks_and_for_no_standby(
    empty_database: Database, lock_ms: int, wait: str
) -> None:
    engine = engine_of(empty_database, lock_ms=lock_ms)
    with engine.connect() as connection, lock.bounded(connection):
        assert shown(connection, "lock_timeout") == wait
        assert shown(connection, "statement_timeout") == "9s"
        assert shown(connection, "synchronous_commit") == "local"


@pytest.mark.parametrize("limited", [lock.bounded, lock.naming_blockers])
def test_whoever_blocks_a_statement_is_named_with_the_limit(
    empty_database: Database,
    caplog: pytest.LogCaptureFixture,
    limited: Callable[[Connection], AbstractContextManager[None]],
) -> None:
    empty_database.execute("CREATE TABLE busy ()")
    with (
        empty_database.connect(autocommit=False) as other,
        engine_of(empty_database, lock_ms=200).connect() as connection,
    ):
        other.execute("LOCK TABLE busy IN ACCESS EXCLUSIVE MODE")
        blocker = f"pid {other.info.backend_pid} "

        def is_seen() -> bool:
            """Return whether the blocker was seen, which may take longer than one wait for it."""
            with suppress(DBAPIError), connection.begin_nested():
                connection.execute(READ)
            return f"waiting for {blocker}" in caplog.text

        def read_at_last() -> None:
            until(is_seen)
            connection.execute(READ)

        with pytest.raises(TimedOutError) as refused, limited(connection):
            read_at_last()
        assert f"within 200ms: blocked by {blocker}" in refused.value.reason
        assert refused.value.hint
    with (
        pytest.raises(ProgrammingError),
        engine_of(empty_database).connect() as connection,
        limited(connection),
    ):
        connection.execute(text("SELECT FROM public.absent"))
