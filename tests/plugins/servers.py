"""Servers for the session: version 18 by default, every version found for the matrix."""

from collections.abc import Callable, Iterator

import pytest

from tests.plugins.binaries import find_binaries
from tests.plugins.cluster import Cluster

BINARIES = find_binaries()
_running: dict[int, Cluster] = {}


def pytest_report_header() -> str:
    """Say which servers there are."""
    return f"PostgreSQL: {', '.join(map(str, BINARIES))}"


def pytest_sessionfinish() -> None:
    """Leave nothing running."""
    for cluster in _running.values():
        cluster.remove()
    _running.clear()


def running(major: int) -> Cluster:
    """Return the session's server of a version; started on first use."""
    if major not in _running:
        _running[major] = Cluster.start(major, BINARIES[major])
    return _running[major]


@pytest.fixture(scope="session")
def cluster() -> Cluster:
    """The session's server of the newest version."""
    return running(max(BINARIES))


@pytest.fixture(params=[pytest.param(m, marks=pytest.mark.matrix, id=f"pg{m}") for m in BINARIES])
def any_cluster(request: pytest.FixtureRequest) -> Cluster:
    """One server after the other, of every version found."""
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
