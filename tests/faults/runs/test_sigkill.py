"""Killed at random points, with another batch size each time, a run comes out the same."""

import pytest

from tests.plugins.command import Petrec, Spawn
from tests.plugins.databases import Database, MakeDatabase
from tests.plugins.runs import APPLY, assert_sound, changed, kill_again_and_again


@pytest.mark.long
@pytest.mark.parametrize("kills", [2, pytest.param(100, marks=pytest.mark.full)])
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


@pytest.mark.parametrize("kills", [2, pytest.param(50, marks=pytest.mark.full)])
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
