"""Killed at random points, with another batch size each time, a run comes out the same."""

import random
import time

import pytest

from tests.plugins.command import Petrec, Spawn
from tests.plugins.databases import Database, MakeDatabase
from tests.plugins.runs import APPLY, assert_sound, changed
from tests.plugins.waiting import until

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


@pytest.mark.parametrize("kills", [6, pytest.param(100, marks=pytest.mark.full)])
def test_a_backfill_that_is_killed_again_and_again_ends_the_same(
    spawn: Spawn, petrec: Petrec, database: MakeDatabase, kills: int
) -> None:
    clinic, twin = database(), database()
    assert petrec(*APPLY, dsn=twin.dsn).code == 0
    assert kill_again_and_again(spawn, clinic, APPLY, 395, kills) > kills / 2
    assert petrec(*APPLY, dsn=clinic.dsn).code == 0
    assert_sound(clinic)
    assert changed(clinic) == 395
    assert clinic.checksum() == twin.checksum()


@pytest.mark.parametrize("kills", [4, pytest.param(50, marks=pytest.mark.full)])
def test_an_undo_that_is_killed_again_and_again_ends_the_same(
    spawn: Spawn, petrec: Petrec, clinic: Database, kills: int
) -> None:
    before = clinic.checksum()
    assert petrec(*APPLY, dsn=clinic.dsn).code == 0
    undo = ("runs", "undo", "1", "--yes", "-q")
    assert kill_again_and_again(spawn, clinic, undo, 395, kills) > kills / 2
    assert petrec(*undo, dsn=clinic.dsn).code == 0
    assert clinic.checksum() == before
    assert changed(clinic) == 2 * 395
