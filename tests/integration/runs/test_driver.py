"""A driver works through a whole run: what it defers, gives up, reconnects after and records."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection, Engine

from petrec.errors import IllegalTransitionError, RunHeldError, RunStoppedError
from petrec.features.backfill.record import write_plan
from petrec.features.backfill.work import backfill_work
from petrec.features.runs.driver import driver, prepared
from petrec.features.runs.driver.driver import Driver
from petrec.features.runs.driver.stop import SLOW_ROW
from petrec.features.runs.driver.throttle import Throttling
from petrec.features.runs.journal import lock
from petrec.features.runs.resume import abandon_run, plan_resume
from petrec.features.runs.run import Observer, Run, RunState
from petrec.features.runs.targets import make_target
from petrec.phrases import Phrased
from petrec.postgres.preflight import load_schema
from petrec.schema import Schema
from petrec.settings import Settings
from tests.plugins.databases import Database

PLANNED = 395
RECORD = "SELECT state, pass, changed, deferred, failure, finished_at IS NULL FROM petrec.runs"
END_SESSIONS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
WAITING_ROW = """
CREATE FUNCTION queue() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF {which} THEN PERFORM pg_advisory_xact_lock(7); END IF; RETURN NEW;
END $$;
CREATE TRIGGER queue BEFORE UPDATE ON recordings FOR EACH ROW EXECUTE FUNCTION queue()
"""
LOST = r"run 1: the connection was lost: (AdminShutdown|the connection failed)"
RunAll = Callable[..., Run]


@pytest.fixture
def schema(clinic_engine: Engine) -> Schema:
    with clinic_engine.connect() as connection:
        return load_schema(connection, Settings().mapping)


@pytest.fixture
def run_all(clinic_engine: Engine, schema: Schema) -> RunAll:
    """Plan a backfill, or what is given, and work it through."""

    def go(
        observe: Observer,
        plan: Callable[[Connection], Run] | None = None,
        **limits: Any,
    ) -> Run:
        throttling = Throttling(**{"deadline_s": 60.0, **limits})
        made = Driver(clinic_engine, backfill_work(schema), throttling, observe)
        done = made.run(plan or partial(write_plan, schema=schema, target=make_target(schema)))
        assert done is not None
        return done

    return go


def test_a_run_ends_when_all_its_rows_are_written(clinic: Database, run_all: RunAll) -> None:
    seen: list[Run] = []
    done = run_all(seen.append)
    assert (done.state, done.changed, done.before, done.unconfirmed) == ("done", PLANNED, 0, "")
    assert done.batches < PLANNED / 5
    assert (seen[0].changed, seen[-1].changed, seen[-1].state) == (0, PLANNED, "done")
    assert done.busy_ms == seen[-2].busy_ms > done.batch_ms
    assert clinic.execute(RECORD) == [("done", 1, PLANNED, 0, None, False)]


def test_without_a_plan_there_is_no_run(clinic_engine: Engine, schema: Schema) -> None:
    made = Driver(clinic_engine, backfill_work(schema), Throttling(), lambda _: None)
    assert made.run(lambda _: None) is None


def test_deferred_rows_are_written_once_they_are_free(clinic: Database, run_all: RunAll) -> None:
    passes = set[int]()
    with clinic.connect(autocommit=False) as other:
        other.execute("SELECT FROM recordings LIMIT 300 FOR UPDATE")

        def observe(run: Run) -> None:
            passes.add(run.pass_number)
            if run.pass_number == 2:
                other.rollback()

        assert run_all(observe).changed == PLANNED
    assert min(passes) == 1 < max(passes)


def test_rows_that_stay_locked_stop_the_run(clinic: Database, run_all: RunAll) -> None:
    with clinic.connect(autocommit=False) as other:
        other.execute("SELECT FROM recordings FOR UPDATE")
        with pytest.raises(RunStoppedError, match=f"{PLANNED} rows stayed locked") as stopped:
            run_all(lambda _: None, deadline_s=0)
    assert clinic.execute(RECORD) == [("stopped", 1, 0, PLANNED, str(stopped.value), True)]


def test_a_row_that_waits_for_another_lock_is_deferred(
    clinic: Database, run_all: RunAll, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driver, "_TRIES", 1)
    monkeypatch.setitem(prepared.SESSION, "lock_timeout", "20ms")
    (row,) = clinic.execute("""
        SELECT min(r.id::text) FROM recordings r JOIN appointment_pets USING (appointment_id)
        WHERE r.pet_id IS NULL GROUP BY r.id HAVING count(*) = 1 LIMIT 1
    """)[0]
    clinic.execute(WAITING_ROW.format(which=f"NEW.id = '{row}'"))
    waited: list[int] = []
    with clinic.connect() as other:
        other.execute("SELECT pg_advisory_lock(7)")

        def observe(run: Run) -> None:
            if run.changed == PLANNED - 1:
                waited.append(run.deferred)
                other.execute("SELECT pg_advisory_unlock_all()")

        assert run_all(observe).changed == PLANNED
    assert waited[0] == 1


@pytest.mark.parametrize(
    ("lock_timeout", "target_ms", "cause", "hint"),
    [("10s", 50, "57014", SLOW_ROW), ("20ms", 5000, "55P03", "")],
)
def test_a_row_that_cannot_be_written_in_time_stops_the_run(
    clinic: Database, run_all: RunAll, monkeypatch: pytest.MonkeyPatch,
    lock_timeout: str, target_ms: float, cause: str, hint: str | Phrased,
) -> None:  # fmt: skip
    monkeypatch.setitem(prepared.SESSION, "lock_timeout", lock_timeout)
    clinic.execute(WAITING_ROW.format(which="true"))
    with clinic.connect() as other:
        other.execute("SELECT pg_advisory_lock(7)")
        with pytest.raises(RunStoppedError, match=rf"run 1 stopped: .*SQLSTATE {cause}") as stopped:
            run_all(lambda _: None, deadline_s=0, target_ms=target_ms)
    assert str(stopped.value.hint) == str(hint)
    assert clinic.execute(RECORD) == [("stopped", 1, 0, 0, str(stopped.value), True)]


def test_a_lost_connection_is_opened_again(
    clinic: Database, run_all: RunAll, caplog: pytest.LogCaptureFixture
) -> None:
    lost: list[Run] = []

    def lose(run: Run) -> None:
        if run.changed and not lost:
            lost.append(run)
            clinic.execute(END_SESSIONS)

    done = run_all(lose)
    assert (done.state, done.changed, done.before) == ("done", PLANNED, 0)
    assert f"connection lost; run {done.id} " in caplog.text


def test_a_connection_that_stays_lost_stops_the_run(clinic: Database, run_all: RunAll) -> None:
    def lose(run: Run) -> None:
        if run.changed:
            clinic.execute(END_SESSIONS)

    with pytest.raises(RunStoppedError, match=LOST):
        run_all(lose, deadline_s=0)
    assert clinic.execute(RECORD)[0][0] == "running"


def test_a_resumed_run_knows_what_it_had_written(
    clinic: Database, schema: Schema, run_all: RunAll
) -> None:
    def interrupt(run: Run) -> None:
        if run.changed:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_all(interrupt)
    ((state, _, changed, _, failure, _),) = clinic.execute(RECORD)
    assert (state, failure, 0 < changed < PLANNED) == ("stopped", "interrupted", True)
    again = partial(plan_resume, run_id=1, target=make_target(schema))
    done = run_all(lambda _: None, again)
    assert (done.before, done.changed, done.failure) == (changed, PLANNED, None)


@pytest.mark.no_journal
def test_a_target_with_another_writer_is_left_alone(
    clinic: Database, clinic_engine: Engine, schema: Schema, run_all: RunAll
) -> None:
    with (
        clinic_engine.connect() as connection,
        lock.held(connection, make_target(schema).name),
        pytest.raises(RunHeldError),
    ):
        run_all(lambda _: None)
    assert clinic.execute("SELECT to_regclass('petrec.runs')") == [(None,)]


def test_an_abandoned_run_is_final(clinic: Database, clinic_engine: Engine, schema: Schema) -> None:
    target = make_target(schema)
    with clinic_engine.begin() as connection:
        planned = write_plan(connection, schema, target)
    assert planned is not None
    left = abandon_run(clinic_engine, target.name, planned.id)
    assert (left.id, left.state) == (planned.id, RunState.ABANDONED)
    assert clinic.execute(RECORD) == [("abandoned", 1, 0, 0, None, False)]
    with pytest.raises(IllegalTransitionError):
        abandon_run(clinic_engine, target.name, planned.id)
