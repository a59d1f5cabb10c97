"""Killed at a statement, then run again: the catalog of an uninterrupted run."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.constraints.clean import clean, digest
from tests.plugins.command import Completed
from tests.plugins.databases import Database
from tests.plugins.waiting import until

APPLY = ("constraints", "apply", "--yes", "--group", "required", "--group", "indexes")


@pytest.mark.parametrize("at", [1, 4, 6, 8])
def test_killed_and_finished(
    petrec: Callable[..., Completed],
    spawn: Callable[..., Any],
    database: Callable[..., Database],
    at: int,
) -> None:
    whole, cut = clean(database()), clean(database())
    assert petrec(*APPLY, dsn=whole.dsn).code == 0
    process = spawn(*APPLY, dsn=cut.dsn)
    announced = [process.stderr.readline() for _ in range(at)]
    process.kill()
    process.wait()
    assert all("recordings" in line for line in announced), announced
    # The server may still hold the dead process's lock for a moment.
    until(lambda: petrec(*APPLY, dsn=cut.dsn).code == 0)
    assert digest(cut) == digest(whole)
