"""The clinic's cases, exported once: every clone of the template has the same."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.plugins.cluster import Cluster
from tests.plugins.command import environment
from tests.plugins.databases import _template

Exported = Callable[[str], Path]


@pytest.fixture(scope="session")
def exports(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the cases in every format."""
    directory = tmp_path_factory.mktemp("exports")
    dsn = cluster.dsn(_template(cluster, "clinic"))
    subprocess.run(
        [sys.executable, "-m", "petrec", "review", "export", "cases.csv", "cases.xlsx"],
        cwd=directory, env=environment(PETREC_DATABASE_URL=dsn), check=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    return directory


@pytest.fixture
def exported(exports: Path, tmp_path: Path) -> Exported:
    """Give a copy of an exported file, to be filled in or damaged."""

    def copy(name: str) -> Path:
        return Path(shutil.copy(exports / name, tmp_path / name))

    return copy
