"""Killed in the middle of an import, then again: the outcome is the same."""

from collections.abc import Callable

import pytest

from tests.faults.runs import changed
from tests.faults.test_sigkill import kill_again_and_again
from tests.plugins.command import Completed
from tests.plugins.databases import Database
from tests.review.conftest import Exported
from tests.review.files import decide

LINKS = "SELECT appointment_id, pet_id FROM appointment_pets ORDER BY 1, 2"


@pytest.mark.parametrize("kills", [4, pytest.param(60, marks=pytest.mark.full)])
def test_import(
    spawn: Callable,
    petrec: Callable[..., Completed],
    database: Callable[..., Database],
    exported: Exported,
    kills: int,
) -> None:
    clinic, twin = database(), database()
    command = ("review", "import", str(decide(exported("cases.csv"))), "--apply", "--yes", "-q")
    assert petrec(*command, dsn=twin.dsn).code == 0
    assert kill_again_and_again(spawn, clinic, command, 313, kills) > kills / 2
    assert petrec(*command, dsn=clinic.dsn).code == 0
    assert changed(clinic) == 313
    assert clinic.checksum() == twin.checksum()
    assert clinic.execute(LINKS) == twin.execute(LINKS)
    recorded = "SELECT count(*), count(DISTINCT row_key) FROM petrec.decisions"
    assert clinic.execute(recorded) == [(313, 313)]
