"""Killed at random points, with another batch size each time, a run comes out the same."""

import random
from collections.abc import Callable

import pytest

from tests.faults.runs import APPLY, assert_sound, changed
from tests.plugins.command import Completed
from tests.plugins.databases import Database
from tests.plugins.waiting import until


def kill_again_and_again(
    spawn: Callable, clinic: Database, command: tuple[str, ...], total: int, kills: int
) -> int:
    """Kill the command after a random number of further rows; returns how often it was."""
    chance, killed = random.Random(kills), 0
    start = changed(clinic)
    for attempt in range(kills):
        target = ("--target-ms", str(chance.choice([10, 50, 250])))
        process = spawn(*command, *target, "--max-rows-per-second", "200", dsn=clinic.dsn)
        goal = start + (attempt + 1) * total // (kills + 1)
        until(lambda p=process, g=goal: p.poll() is not None or changed(clinic) >= g)
        killed += process.poll() is None
        process.kill()
        process.wait()
    return killed


@pytest.mark.parametrize("kills", [6, pytest.param(100, marks=pytest.mark.full)])
def test_backfill(
    spawn: Callable, petrec: Callable[..., Completed], database: Callable[..., Database], kills: int
) -> None:
    clinic, twin = database(), database()
    assert petrec(*APPLY, dsn=twin.dsn).code == 0
    assert kill_again_and_again(spawn, clinic, APPLY, 395, kills) > kills / 2
    assert petrec(*APPLY, dsn=clinic.dsn).code == 0
    assert_sound(clinic)
    assert changed(clinic) == 395
    assert clinic.checksum() == twin.checksum()


@pytest.mark.parametrize("kills", [4, pytest.param(50, marks=pytest.mark.full)])
def test_undo(
    spawn: Callable, petrec: Callable[..., Completed], clinic: Database, kills: int
) -> None:
    before = clinic.checksum()
    assert petrec(*APPLY, dsn=clinic.dsn).code == 0
    undo = ("backfill", "undo", "1", "--yes", "-q")
    assert kill_again_and_again(spawn, clinic, undo, 395, kills) > kills / 2
    assert petrec(*undo, dsn=clinic.dsn).code == 0
    assert clinic.checksum() == before
    assert changed(clinic) == 2 * 395
