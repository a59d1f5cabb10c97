"""Servers for the session: version 18 by default, every version found for the matrix."""

import atexit
import os
from collections.abc import Callable, Iterator

import pytest

from tests.plugins.binaries import find_binaries
from tests.plugins.cluster import Cluster
from tests.plugins.mutants import forks_follow

BINARIES = find_binaries()
EVERY_VERSION = os.environ.get("PETREC_TEST_VERSIONS") == "all"
_running: dict[int, Cluster] = {}


def pytest_report_header() -> str:
    """Name which servers there are."""
    return f"PostgreSQL: {', '.join(map(str, BINARIES))}"


# After an interrupt pytest ends the fixtures in this hook, and they need their server.
@pytest.hookimpl(trylast=True)
def pytest_sessionfinish() -> None:
    """Leave nothing running; for runs that are forked off this one, only when all have ended."""
    if forks_follow():
        atexit.register(_remove_servers)
    else:
        _remove_servers()


def _remove_servers() -> None:
    """Remove this process's servers; a fork keeps the others, with their open connections."""
    for major, cluster in list(_running.items()):
        if cluster.owner == os.getpid():
            cluster.remove()
            del _running[major]


def running(major: int) -> Cluster:
    """Return the session's server of a version; started on first use."""
    if major not in _running:
        _running[major] = Cluster.start(major, BINARIES[major])
    return _running[major]


@pytest.fixture(scope="session")
def cluster() -> Cluster:
    """The session's server of the newest version."""
    return running(max(BINARIES))


def _of_matrix(major: int) -> object:
    marks = [pytest.mark.matrix]
    if not EVERY_VERSION and major not in (min(BINARIES), max(BINARIES)):
        marks.append(pytest.mark.full)
    return pytest.param(major, marks=marks, id=f"pg{major}")


@pytest.fixture(params=[_of_matrix(major) for major in BINARIES])
def any_cluster(request: pytest.FixtureRequest) -> Cluster:
    """The oldest and the newest server, of which `make test` takes one; all at full size."""
    return running(request.param)


@pytest.fixture(params=[pytest.param(m, marks=pytest.mark.matrix, id=f"pg{m}") for m in BINARIES])
def every_cluster(request: pytest.FixtureRequest) -> Cluster:
    """One server after the other, for what minor versions have changed."""
    return running(request.param)


@pytest.fixture
def private_cluster() -> Iterator[Callable[[], Cluster]]:
    """Servers for one test alone, which may stop them."""
    made: list[Cluster] = []

    def make() -> Cluster:
        made.append(Cluster.start(max(BINARIES), BINARIES[max(BINARIES)]))
        return made[-1]

    yield make
    for cluster in made:
        cluster.remove()
