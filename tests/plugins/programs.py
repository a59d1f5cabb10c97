"""Programs that use petrec as a library, each on a copy of the demo's clinic."""

from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from petrec.demo.clinic import create
from tests.plugins.cluster import Cluster
from tests.plugins.command import environment
from tests.plugins.databases import Database, copied, databases
from tests.plugins.forks import Forks

Program = Callable[[str], str]


@pytest.fixture(scope="module")
def demo_clinic(cluster: Cluster) -> Iterator[Database]:
    """The demo's clinic, to be copied."""
    with databases(cluster) as make:
        made = make("empty")
        with psycopg.connect(made.dsn) as connection:
            create(connection, recordings=1_000, seed=3)
        yield made


@pytest.fixture
def program(demo_clinic: Database, forks: Forks, tmp_path: Path) -> Iterator[Program]:
    """Run a program on a clinic of its own, and return what it prints."""
    with copied(demo_clinic) as copy:

        def run(code: str) -> str:
            (tmp_path / "job.py").write_text(code, encoding="utf-8")
            ended = forks.run((), tmp_path, environment(PETREC_DATABASE_URL=copy.dsn), module="job")
            assert ended.code == 0, ended.err
            return ended.out

        yield run
