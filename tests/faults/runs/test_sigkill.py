"""Killed at random points, with another batch size each time, a run comes out the same."""

import pytest

from tests.plugins.command import Petrec, Spawn
from tests.plugins.databases import Database
from tests.plugins.runs import APPLY, assert_sound, changed, kill_again_and_again


@pytest.mark.long
@pytest.mark.parametrize("kills", [2, pytest.param(100, marks=pytest.mark.full)])
def test_a_backfill_that_is_killed_again_and_again_ends_the_same(
    spawn: Spawn, petrec: Petrec, clinic: Database, after_backfill: Database, kills: int
) -> None:
    assert kill_again_and_again(spawn, clinic, APPLY, 395, kills) > kills / 2
    assert petrec(*APPLY, dsn=clinic.dsn).code == 0
    assert_sound(clinic)
    assert changed(clinic) == 395
    assert clinic.checksum() == after_backfill.checksum()


@pytest.mark.parametrize("kills", [2, pytest.param(50, marks=pytest.mark.full)])
def test_an_undo_that_is_killed_again_and_again_ends_the_same(
    spawn: Spawn, petrec: Petrec, shared_clinic: Database, backfilled: Database, kills: int
) -> None:
    undo = ("runs", "undo", "1", "--yes", "-q")
    assert kill_again_and_again(spawn, backfilled, undo, 395, kills) > kills / 2
    assert petrec(*undo, dsn=backfilled.dsn).code == 0
    assert backfilled.checksum() == shared_clinic.checksum()
    assert changed(backfilled) == 2 * 395
