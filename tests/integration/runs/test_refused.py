"""Refused rows: a few among many are skipped by name; where all are refused, none is."""

import pytest
from sqlalchemy import Engine

from petrec.errors import RunStoppedError
from petrec.features.backfill.record import write_plan
from petrec.features.backfill.work import backfill_work
from petrec.features.runs.driver.driver import Driver
from petrec.features.runs.driver.stop import ALL_REFUSED
from petrec.features.runs.driver.throttle import Throttling
from petrec.features.runs.run import Run
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
RECORD = "SELECT state, changed, skipped, deferred, cursor, pass FROM petrec.runs"
SKIPS = "SELECT DISTINCT cause, reason FROM petrec.skips"
SOME = "pet_id IS NULL AND appointment_id IS NOT NULL AND id::text LIKE '%7'"


def backfill(engine: Engine, seen: list[Run]) -> Run:
    with engine.connect() as connection:
        schema = load_schema(connection, Settings().mapping)
    driver = Driver(engine, backfill_work(schema), Throttling(), seen.append)
    done = driver.run(lambda connection: write_plan(connection, schema, make_target(schema)))
    assert done is not None
    return done


def test_refused_rows_are_skipped_and_all_others_written(
    clinic: Database, clinic_engine: Engine
) -> None:
    clinic.execute(VETO.format(which=SOME, how=""))
    seen: list[Run] = []
    done = backfill(clinic_engine, seen)
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
        backfill(clinic_engine, [])
    assert str(stopped.value.hint) == ALL_REFUSED
    assert "private" not in str(stopped.value)
    assert clinic.execute(RECORD) == [("stopped", 0, 0, 0, 0, 2)]
    assert clinic.execute(SKIPS) == []
