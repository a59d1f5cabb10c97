"""The server's disk fills up in the middle of a run."""

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from shutil import chown

import pytest

from tests.plugins.command import Petrec, Spawn
from tests.plugins.databases import Database
from tests.plugins.runs import APPLY, SLOW, assert_sound, changed, state
from tests.plugins.waiting import until


@pytest.fixture
def small_disk(clinic: Database) -> Iterator[Path]:
    """A file system of a few megabytes that new tables of the clinic lie on.

    Not below pytest's own directory, which the server's user may not enter.
    """
    directory = Path(tempfile.mkdtemp(prefix="petrec-disk-"))
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(directory)]
    if clinic.cluster.user is None or subprocess.run(mount, capture_output=True).returncode:  # noqa: PLW1510
        directory.rmdir()
        pytest.skip("needs the right to mount")
    try:
        directory.chmod(0o755)
        tables = directory / "tables"
        tables.mkdir()
        chown(tables, clinic.cluster.user)
        clinic.execute(f"CREATE TABLESPACE small LOCATION '{tables}'")
        clinic.execute(f"ALTER DATABASE {clinic.name} SET default_tablespace = small")
        yield directory
        clinic.execute(f"ALTER DATABASE {clinic.name} RESET default_tablespace")
        clinic.execute("DROP SCHEMA petrec CASCADE")
        clinic.execute("CHECKPOINT")
        clinic.execute("DROP TABLESPACE small")
    finally:
        subprocess.run(["umount", "-l", directory], check=True)
        directory.rmdir()


def fill_up(directory: Path) -> Path:
    filler = directory / "filler"
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))
    return filler


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
