"""A tablespace on a file system of a few megabytes, which a test fills up."""

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from shutil import chown

import pytest

from tests.plugins.databases import Database


@contextmanager
def small_tablespace(database: Database) -> Iterator[Path]:
    """Create the tablespace `small`, from which the block removes what it puts there.

    Not below pytest's own directory, which the server's user may not enter.
    """
    directory = Path(tempfile.mkdtemp(prefix="petrec-disk-"))
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(directory)]
    if database.cluster.user is None or subprocess.run(mount, capture_output=True).returncode:  # noqa: PLW1510
        directory.rmdir()
        pytest.skip("needs the right to mount")
    try:
        directory.chmod(0o755)
        tables = directory / "tables"
        tables.mkdir()
        chown(tables, database.cluster.user)
        database.execute(f"CREATE TABLESPACE small LOCATION '{tables}'")
        yield directory
        database.execute("CHECKPOINT")
        database.execute("DROP TABLESPACE small")
    finally:
        subprocess.run(["umount", "-l", directory], check=True)
        directory.rmdir()


def fill_up(directory: Path) -> Path:
    """Fill the file system, and return the file to remove."""
    filler = directory / "filler"
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))
    return filler
