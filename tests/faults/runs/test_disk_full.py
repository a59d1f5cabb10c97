"""The server's disk fills up in the middle of a run."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.plugins.command import Petrec, Spawn
from tests.plugins.databases import Database
from tests.plugins.full_disk import fill_up, small_tablespace
from tests.plugins.runs import APPLY, SLOW, assert_sound, changed, state
from tests.plugins.waiting import until


@pytest.fixture
def small_disk(clinic: Database) -> Iterator[Path]:
    """A small file system that new tables of the clinic lie on."""
    with small_tablespace(clinic) as directory:
        clinic.execute(f"ALTER DATABASE {clinic.name} SET default_tablespace = small")
        yield directory
        clinic.execute(f"ALTER DATABASE {clinic.name} RESET default_tablespace")
        clinic.execute("DROP SCHEMA petrec CASCADE")


@pytest.mark.no_journal
def test_disk_full_stops_resumably(
    spawn: Spawn, petrec: Petrec, clinic: Database, small_disk: Path
) -> None:
    process = spawn(*APPLY, *SLOW, dsn=clinic.dsn)
    until(lambda: changed(clinic) > 20)
    filler = fill_up(small_disk)
    assert process.wait(90) == 3
    said = process.stderr.read()
    assert "No space left on device" in said
    assert "start the same command again" in said
    done = changed(clinic)
    assert 20 < done < 395
    filler.unlink()
    assert state(clinic)[0] in {"stopped", "running"}
    assert petrec(*APPLY, dsn=clinic.dsn).code == 0
    assert_sound(clinic)
    assert changed(clinic) == 395
