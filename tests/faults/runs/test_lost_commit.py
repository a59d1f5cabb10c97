"""A commit that the server has done, whose answer never arrives."""

import pytest

from tests.faults.runs.proxy import proxied
from tests.plugins.command import Spawn
from tests.plugins.databases import Database
from tests.plugins.runs import APPLY, SLOW, assert_sound, changed
from tests.plugins.waiting import until


@pytest.mark.parametrize("times", [2, pytest.param(5, marks=pytest.mark.full)])
def test_batch_whose_commit_is_not_acknowledged(spawn: Spawn, clinic: Database, times: int) -> None:
    """It is neither done again nor counted twice: the cursor was committed with it."""
    with proxied(clinic.cluster.port) as proxy:
        dsn = clinic.dsn.replace(f":{clinic.cluster.port}/", f":{proxy.port}/")
        process = spawn(*APPLY, *SLOW, dsn=dsn)
        for _ in range(times):
            before = changed(clinic)
            until(lambda before: changed(clinic) > before, before)
            proxy.lost.clear()
            proxy.lose.set()
            assert proxy.lost.wait(60)
        assert process.wait(90) == 0, process.stderr.read()
    assert_sound(clinic)
    assert changed(clinic) == 395
