"""The oldest and the newest server in `make test`, those between at full size."""

import pytest

from tests.plugins.cluster import Cluster
from tests.plugins.servers import BINARIES, running

_ENDS = {min(BINARIES), max(BINARIES)}


def _param(major: int) -> object:
    marks = [pytest.mark.matrix, *([] if major in _ENDS else [pytest.mark.full])]
    return pytest.param(major, marks=marks, id=f"pg{major}")


@pytest.fixture(params=[_param(major) for major in BINARIES])
def end_cluster(request: pytest.FixtureRequest) -> Cluster:
    """One server after the other, of every version found."""
    return running(request.param)
