"""Refused rows: a few among many are skipped by name; where all are refused, none is."""

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import ProgrammingError

from petrec.errors import RunStoppedError
from petrec.features.backfill.record import write_plan
from petrec.features.backfill.work import backfill_work
from petrec.features.runs.driver import driver, retry
from petrec.features.runs.driver.driver import Driver
from petrec.features.runs.driver.stop import ALL_REFUSED
from petrec.features.runs.driver.throttle import Throttling
from petrec.features.runs.run import Observer, Run
from petrec.features.runs.targets import make_target
from petrec.postgres.preflight import load_schema
from petrec.settings import Settings
from tests.plugins.databases import Database

PLANNED = 395
VETO = """
CREATE TABLE vetoed AS SELECT id FROM recordings WHERE {which};
CREATE FUNCTION veto() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF EXISTS (SELECT FROM public.vetoed v WHERE v.id = NEW.id) THEN
    RAISE EXCEPTION 'private' {how}; END IF; RETURN NEW;
END $$;
CREATE TRIGGER veto BEFORE UPDATE ON recordings FOR EACH ROW EXECUTE FUNCTION veto()
"""
BY_TRIGGER = 'refused by trigger "veto" on recordings (function veto) (SQLSTATE P0001)'
CLEAR = """
CREATE TABLE cleared AS SELECT id FROM recordings WHERE {which};
CREATE TABLE settings (name text, value text);
CREATE FUNCTION clear() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  UPDATE public.recordings r SET pet_id = NULL FROM public.cleared c
  WHERE c.id = NEW.id AND r.id = NEW.id AND NEW.pet_id IS NOT NULL;
  RETURN NULL;
END $$;
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  INSERT INTO public.settings SELECT s.name, s.setting FROM pg_catalog.pg_settings s
  WHERE s.name IN ('lock_timeout', 'plan_cache_mode', 'synchronous_commit');
  RETURN NULL;
END $$;
CREATE TRIGGER clear AFTER UPDATE ON recordings FOR EACH ROW EXECUTE FUNCTION clear();
CREATE TRIGGER note AFTER UPDATE ON recordings EXECUTE FUNCTION note()
"""
RECORD = "SELECT state, changed, skipped, deferred, cursor, pass FROM petrec.runs"
SKIPS = "SELECT DISTINCT cause, reason FROM petrec.skips"
SOME = "pet_id IS NULL AND appointment_id IS NOT NULL AND id::text LIKE '%7'"


def backfill(engine: Engine, observe: Observer) -> Run:
    with engine.connect() as connection:
        schema = load_schema(connection, Settings().mapping)
    worker = Driver(engine, backfill_work(schema), Throttling(), observe)
    done = worker.run(lambda connection: write_plan(connection, schema, make_target(schema)))
    assert done is not None
    return done


def test_refused_rows_are_skipped_and_all_others_written(
    clinic: Database, clinic_engine: Engine
) -> None:
    clinic.execute(VETO.format(which=SOME, how=""))
    seen: list[Run] = []
    done = backfill(clinic_engine, seen.append)
    assert 0 < done.skipped < 60
    assert (done.changed, done.state) == (PLANNED - done.skipped, "done")
    assert done.skipped in {run.skipped for run in seen}
    ((cause, reason),) = clinic.execute(SKIPS)
    assert (cause, reason) == ("refused", BY_TRIGGER)
    assert clinic.execute("SELECT count(*) FROM petrec.changes c JOIN petrec.skips s"
                          " USING (run_id, seq)") == [(0,)]  # fmt: skip
    left = f"SELECT count(*) FROM vetoed JOIN recordings r USING (id) WHERE r.{SOME}"
    assert clinic.execute(left) == clinic.execute("SELECT count(*) FROM vetoed")


def test_where_every_row_is_refused_the_run_stops_and_skips_none(
    clinic: Database, clinic_engine: Engine
) -> None:
    clinic.execute(VETO.format(which="true", how="USING HINT = 'private, too'"))
    with pytest.raises(RunStoppedError, match="run 1 stopped: every row is refused by") as stopped:
        backfill(clinic_engine, lambda _: None)
    assert str(stopped.value.hint) == ALL_REFUSED
    assert "private" not in str(stopped.value)
    assert clinic.execute(RECORD) == [("stopped", 0, 0, 0, 0, 2)]
    assert clinic.execute(SKIPS) == []


def test_a_row_that_is_refused_for_now_is_skipped_after_several_tries(
    clinic: Database, clinic_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driver, "_TRIES", 2)
    monkeypatch.setattr(retry, "_CAP_S", 0)
    which = f"id = (SELECT min(id::text)::uuid FROM recordings WHERE {SOME})"
    clinic.execute(VETO.format(which=which, how="USING ERRCODE = '40001'"))
    done = backfill(clinic_engine, lambda _: None)
    assert (done.skipped, done.changed, done.state) == (1, PLANNED - 1, "done")
    assert clinic.execute(SKIPS) == [("refused", BY_TRIGGER.replace("P0001", "40001"))]


def test_a_run_counts_what_triggers_make_of_its_rows(
    clinic: Database, clinic_engine: Engine
) -> None:
    clinic.execute(CLEAR.format(which=SOME))
    done = backfill(clinic_engine, lambda _: None)
    assert 0 < done.skipped < 60
    assert (done.changed, done.state) == (PLANNED - done.skipped, "done")
    assert clinic.execute(SKIPS) == [("rewritten", "a trigger wrote another value")]
    assert clinic.execute("SELECT DISTINCT name, value FROM settings ORDER BY name") == [
        ("lock_timeout", "200"), ("plan_cache_mode", "force_generic_plan"),
        ("synchronous_commit", "off"),
    ]  # fmt: skip


def test_an_error_that_is_of_no_row_stops_the_run_with_its_cause(
    clinic: Database, clinic_engine: Engine
) -> None:
    def break_it(run: Run) -> None:
        if run.changed:
            clinic.execute("ALTER TABLE petrec.changes RENAME TO gone")

    with pytest.raises(ProgrammingError):
        backfill(clinic_engine, break_it)
    query = "SELECT state, failure FROM petrec.runs"
    assert clinic.execute(query) == [("stopped", "UndefinedTable (SQLSTATE 42P01)")]
