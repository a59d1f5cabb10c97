"""What the fault tests ask of the journal."""

import json
import random
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from psycopg.errors import InvalidSchemaName, UndefinedTable

from petrec.features.runs.run import Run, RunState
from tests.plugins.command import Spawn
from tests.plugins.databases import Database
from tests.plugins.forks import Completed
from tests.plugins.waiting import until

SLOW = ("--target-ms", "40", "--max-rows-per-second", "400")
APPLY = ("backfill", "--apply", "--yes", "-q")


def changed(database: Database) -> int:
    """Return how many changes are committed; 0 before there is a journal."""
    with suppress(UndefinedTable, InvalidSchemaName):
        return int(database.execute("SELECT count(*) FROM petrec.changes")[0][0])
    return 0


def state(database: Database) -> tuple[str, str | None, str | None]:
    """Return state, reason to wait and failure of the newest run."""
    query = "SELECT state, throttled_by, failure FROM petrec.runs ORDER BY id DESC LIMIT 1"
    with suppress(UndefinedTable, InvalidSchemaName):
        for row in database.execute(query):
            return row
    return ("none", None, None)


def assert_sound(database: Database) -> None:
    """Nothing was journaled twice, and every assignment is the appointment's only pet."""
    twice = "SELECT row_key FROM petrec.changes GROUP BY row_key HAVING count(*) > 1"
    assert database.execute(twice) == []
    counted = "SELECT sum(changed) - (SELECT count(*) FROM petrec.changes) FROM petrec.runs"
    assert database.execute(counted) == [(0,)]
    left = """SELECT count(*) FROM recordings r WHERE pet_id IS NULL AND 1 =
              (SELECT count(*) FROM appointment_pets ap
               WHERE ap.appointment_id = r.appointment_id)"""
    assert database.execute(left) == [(0,)]


JSON = ("--format", "json")
UNDO = ("runs", "undo", "1", "--yes", "-q", *JSON)
CERTAIN = """SELECT r.id FROM recordings r WHERE pet_id IS NULL AND 1 = (
             SELECT count(*) FROM appointment_pets ap WHERE ap.appointment_id = r.appointment_id)
             ORDER BY r.id"""


PETS = "SELECT id, pet_id FROM recordings"


def result(ended: Completed) -> dict[str, Any]:
    return dict(json.loads(ended.out))


def mark(clinic: Database, ids: list[Any]) -> None:
    clinic.execute("CREATE TABLE marked (id uuid PRIMARY KEY)")
    clinic.execute("INSERT INTO marked SELECT unnest(%s::uuid[])", (ids,))


def interrupted(work: Callable[..., object], rows: int = 20) -> None:
    """Run an operation, and interrupt it as Ctrl-C does once it has written so many rows."""

    def observe(run: Run) -> None:
        if run.state is RunState.RUNNING and run.changed >= rows:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        work(progress=observe)


# Most of a run's time passes inside its transactions, so that is where the kills hit.
SLOW_ROWS = """
CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN PERFORM pg_sleep(0.002); RETURN NULL; END';
CREATE TRIGGER slow AFTER UPDATE ON recordings FOR EACH ROW EXECUTE FUNCTION slow()
"""


def kill_again_and_again(
    spawn: Spawn, clinic: Database, command: tuple[str, ...], total: int, kills: int
) -> int:
    """Kill the command some random time after a number of rows; returns how often it was."""
    chance, killed = random.Random(kills), 0
    clinic.execute(SLOW_ROWS)
    start = changed(clinic)
    for attempt in range(kills):
        target = ("--target-ms", str(chance.choice([40, 100, 250])))
        process = spawn(*command, *target, dsn=clinic.dsn)
        goal = start + (attempt + 1) * total // (kills + 1)
        until(lambda p, g: p.poll() is not None or changed(clinic) >= g, process, goal)
        time.sleep(chance.random() / 20)
        killed += process.poll() is None
        process.kill()
        process.wait()
    return killed
