"""The clinic's cases, exported once: every clone of the shared_clinic has the same."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.plugins.case_files import decide, read_csv, write_csv
from tests.plugins.cluster import Cluster
from tests.plugins.command import environment
from tests.plugins.databases import Database
from tests.plugins.forks import Forks
from tests.plugins.templates import template_of

if TYPE_CHECKING:
    from petrec.features.review.checked import Checked

Exported = Callable[[str], Path]
# Two kinds, each with a sheet of some twenty cases: to open a workbook costs what it holds.
FEW = ("--kind", "missing_no_pets", "--kind", "missing_no_appointment")


@pytest.fixture(scope="session")
def exports(cluster: Cluster, forks: Forks, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the cases in every format, and a workbook of a few."""
    directory = tmp_path_factory.mktemp("exports")
    env = environment(PETREC_DATABASE_URL=cluster.dsn(template_of(cluster, "clinic")))
    for files in (("cases.csv", "cases.xlsx"), ("few.xlsx", *FEW)):
        ended = forks.run(("review", "export", *files), directory, env)
        assert ended.code == 0, ended.err
    return directory


@pytest.fixture
def exported(exports: Path, tmp_path: Path) -> Exported:
    """Give a copy of an exported file, to be filled in or damaged."""

    def copy(name: str) -> Path:
        return Path(shutil.copy(exports / name, tmp_path / name))

    return copy


@pytest.fixture
def decided(exported: Exported) -> Path:
    path = exported("cases.csv")
    ambiguous = [row for row in read_csv(path) if row["kind"] == "missing_ambiguous"]
    return decide(write_csv(path, ambiguous))


@pytest.fixture(scope="module")
def shared_clinic(cluster: Cluster) -> Iterator[Database]:
    """The clinic, to be read only."""
    found = Database(cluster, template_of(cluster, "clinic"))
    yield found
    for connection in found.connections:
        connection.close()


@pytest.fixture
def inspect_file(shared_clinic: Database) -> Iterator[Callable[[Path], "Checked"]]:
    """Checks a file as `petrec review import` does."""
    from petrec.features.review.check import check
    from petrec.features.review.read import read_files
    from petrec.postgres.connection import make_engine
    from petrec.postgres.dsn import resolve_dsn
    from petrec.postgres.preflight import load_schema
    from petrec.postgres.snapshot import read_snapshot
    from petrec.settings import Settings

    engine = make_engine(resolve_dsn(shared_clinic.dsn, None), Settings(), "test")

    def run(path: Path) -> "Checked":
        with read_snapshot(engine) as connection:
            schema = load_schema(connection, Settings().mapping)
            return check(connection, schema, read_files([path], ""))

    yield run
    engine.dispose()
